import Testing
import WireJSON

struct ValueTests {
    @Test("a member is set in its place, removed by nil and appended when new")
    func members() {
        var object = JSONObject([("a", 1), ("b", 2)])
        object["a"] = 3
        object["c"] = 4
        #expect(object.keys == ["a", "b", "c"] && object["a"] == 3)
        object["b"] = nil
        object["x"] = nil
        #expect(object.keys == ["a", "c"] && object.count == 2 && !object.isEmpty)
    }

    @Test("objects are equal whatever the order of their members, and hash alike")
    func equality() {
        let a = JSONObject([("a", 1), ("b", [2])])
        let b = JSONObject([("b", [2]), ("a", 1)])
        #expect(a == b && a.hashValue == b.hashValue)
        #expect(a != JSONObject([("a", 1)]) && a != JSONObject([("a", 1), ("b", [3])]))
    }

    @Test("a value is read as what it is and as nothing else")
    func accessors() {
        let value: JSON = ["i": 1, "d": 2.0, "f": 2.5, "s": "x", "b": true, "n": .null, "a": [1, 2], "o": [:]]
        #expect(value["i"]?.int == 1 && value["i"]?.double == 1 && value["d"]?.int == 2 && value["f"]?.int == nil)
        #expect(value["s"]?.string == "x" && value["s"]?.int == nil && value["b"]?.bool == true)
        #expect(value["n"]?.isNull == true && value["a"]?[1] == 2 && value["a"]?[2] == nil && value["a"]?[-1] == nil)
        #expect(value["o"]?.object?.isEmpty == true && value["a"]?.array?.count == 2 && value["missing"] == nil)
        #expect(JSON.double(1e300).int == nil && JSON("x" as String?) == "x" && JSON(nil as String?) == .null)
    }
}
