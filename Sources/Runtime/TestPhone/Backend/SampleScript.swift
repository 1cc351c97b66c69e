/// The call script of the sample Application (`Config/scripts/welcome.json`): a greeting, then the box's own kiosk.
public enum SampleScript {
    public static let text = """
        [
          {"action": "talk", "text": "Welcome to Switchhook. You are being connected."},
          {"action": "connect", "endpoint": [{"type": "app", "user": "kiosk"}]}
        ]

        """
}
