public import EventStore
public import WebhookClient

extension EventStore: DeliveryJournal {}
