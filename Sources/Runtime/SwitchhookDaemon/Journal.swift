public import EventStore
public import WebhookClient

/// The store is the webhook readers' journal; only the composition knows both.
extension EventStore: DeliveryJournal {}
