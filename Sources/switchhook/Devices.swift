import ArgumentParser
import SoundDevice
import WireJSON

/// `switchhook devices`: what may stand behind `playback` and `capture`.
struct Devices: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists sound devices by the names the configuration takes.",
        discussion: """
            card:ID stays when cards are plugged in another order. none is silence, echo says what it hears.
            Below are the controls of each card's mixer, as users.NAME.device.mixer may name them.

            Example:
              switchhook devices --json
            """)

    @Flag(help: "One JSON object a device: name, description, directions, controls.")
    var json = false

    func run() {
        let devices = SoundDevice.list()
        if json {
            for device in devices {
                Terminal.json([
                    "name": .string(device.name), "description": .string(device.description),
                    "directions": .array(device.directions.map(\.rawValue).sorted().map { .string($0) }),
                    "controls": .array(device.controls.map { .string($0) }),
                ])
            }
            return
        }
        if devices.isEmpty { Terminal.complain("no sound card and no PCM; the box will be silent (none)") }
        Terminal.table(
            devices.map { device in
                [
                    device.name, device.directions.map(\.rawValue).sorted(by: >).joined(separator: ", "),
                    device.description,
                ]
            })
        for device in devices where !device.controls.isEmpty {
            Terminal.line("\nmixer of \(device.name): \(device.controls.joined(separator: ", "))")
        }
    }
}
