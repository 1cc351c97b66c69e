import NCCO
import Testing

struct BargeInTests {
    private static let prompt = #"{"action":"talk","text":"a"}"#
    private static let open = #"{"action":"talk","text":"a","bargeIn":true}"#
    private static let file = #"{"action":"stream","streamUrl":["http://a.test/b"],"bargeIn":false}"#
    private static let input = #"{"action":"input","type":["dtmf"]}"#
    private static let wait = #"{"action":"wait"}"#

    @Test(
        "talk and stream may stand between an interruptible prompt and its input",
        arguments: [
            [open, input], [open, file, prompt, open, input], [prompt, wait, open, input, wait], [open, input, prompt],
            [open, input, open, input],
        ])
    func sound(actions: [String]) throws {
        #expect(try faults(of: "[\(actions.joined(separator: ","))]").isEmpty)
    }

    @Test(
        "a run without its input is told at the prompt that opened it",
        arguments: [
            ([open], 0), ([prompt, open], 1), ([open, prompt], 0), ([open, file, wait], 0), ([open, wait, input], 0),
            ([open, input, wait, prompt, open, file], 4),
        ])
    func broken(actions: [String], prompt: Int) throws {
        #expect(try faultPaths(of: "[\(actions.joined(separator: ","))]") == ["/\(prompt)/bargeIn"])
    }

    @Test("a faulty prompt, input or action does not break the run as well")
    func noFollowUpFaults() throws {
        #expect(try faultPaths(of: #"[\#(Self.open),{"action":"Input"}]"#) == ["/1/action"])
        #expect(try faultPaths(of: "[\(Self.open),7]") == ["/1"])
        let text = #"[\#(Self.open),{"action":"talk"},{"action":"input","type":[]}]"#
        #expect(try faultPaths(of: text) == ["/1/text", "/2/type"])
    }
}
