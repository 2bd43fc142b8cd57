import Storage
import Testing

@Suite("FeatureSetJSON")
struct FeatureSetJSONTests {
    @Test(
        "Numbers and odd names survive",
        arguments: [[:], ["a": 0.1, "b": -1e300, "c": 5e-300], ["\"\\\n\u{1}é": 1]] as [[String: Double]]
    )
    func roundTrip(values: [String: Double]) throws {
        let text = try #require(FeatureSetJSON.encode(values))
        #expect(FeatureSetJSON.decode(text) == values)
    }

    @Test(
        "What is no flat object of numbers is nil",
        arguments: ["", "[]", "{", #"{"a"}"#, #"{"a":"1"}"#, #"{"a":1"#, #"{"a":1} x"#, #"{"a":nan}"#]
    )
    func refused(text: String) { #expect(FeatureSetJSON.decode(text) == nil) }

    @Test("Infinity can't be said")
    func infinity() { #expect(FeatureSetJSON.encode(["x": .infinity]) == nil) }
}
