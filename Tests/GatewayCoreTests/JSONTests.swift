import Foundation
import GatewayCore
import LinearMath
import Testing

@Suite struct JSONTests {
    @Test(
        "What is no JSON is refused",
        arguments: [
            "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "01", "-", "1.", ".5", "1e", "+1", "NaN", "\"", "\"\u{1}\"", #""\x""#,
            #""\u12""#, #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, "tru", "nulll", "1 2", "{\"a\":1,\"a\":2}", "[1 2]", "\u{FEFF}1",
        ])
    func refused(text: String) {
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(Array(text.utf8)) }
    }

    @Test func invalidUTF8IsRefused() {
        for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] {
            #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(bytes) }
        }
    }

    @Test func depthIsBounded() throws {
        let deep = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        _ = try JSONParser.parse(Array(deep.utf8))
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(Array("[\(deep)]".utf8)) }
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(Array(repeating: UInt8(ascii: "["), count: 1_000_000)) }
    }

    @Test func kindsStayApart() throws {
        let value = try JSONParser.parse(Array(#"{"i":1,"f":1.0,"b":true,"s":"1","n":null,"big":9223372036854775808}"#.utf8))
        #expect(value["i"]?.integer == 1)
        #expect(value["f"]?.integer == nil)
        #expect(value["f"]?.double == 1)
        #expect(value["b"]?.integer == nil)
        #expect(value["b"]?.bool == true)
        #expect(value["s"]?.integer == nil)
        #expect(value["n"] == .null)
        #expect(value["big"]?.integer == nil)
        #expect(value["absent"] == nil)
    }

    @Test func escapesAreRead() throws {
        let value = try JSONParser.parse(Array(#""\"\\\/\b\f\n\r\té😀é""#.utf8))
        #expect(value.string == "\"\\/\u{8}\u{c}\n\r\té😀é")
    }

    @Test("What is written reads back the same, here and in Foundation", arguments: 1...4)
    func fuzz(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let value = Self.random(depth: 4, using: &generator)
            let bytes = JSONWriter.bytes { $0.value(value) }
            #expect(try JSONParser.parse(bytes) == value)
            let theirs = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            #expect(Self.equals(value, theirs), "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test("Doubles survive the way through text", arguments: [0.1, 1.0 / 3, -2.5e-300, 1e300, 123_456_789.123_456_78, .leastNonzeroMagnitude])
    func doubles(number: Double) throws {
        let bytes = JSONWriter.bytes { $0.double(number) }
        #expect(try JSONParser.parse(bytes).double == number)
    }

    @Test(
        "Rounded numbers are short",
        arguments: [(0.85, "0.85"), (0, "0"), (1, "1"), (0.123_456_7, "0.123457"), (-0.5, "-0.5"), (12.000_001, "12.000001"), (0.05, "0.05")])
    func rounded(number: Double, text: String) {
        #expect(String(decoding: JSONWriter.bytes { $0.double(number, decimals: 6) }, as: UTF8.self) == text)
    }

    @Test func numbersThatJSONCannotHoldAreNull() {
        for number in [Double.nan, .infinity, -.infinity] {
            #expect(String(decoding: JSONWriter.bytes { $0.double(number, decimals: 3) }, as: UTF8.self) == "null")
        }
    }

    @Test(arguments: [Int64.min, -1, 0, 9, 10, Int64.max])
    func integers(number: Int64) {
        #expect(String(decoding: JSONWriter.bytes { $0.integer(number) }, as: UTF8.self) == String(number))
    }

    // MARK: Random values

    private static func random(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &generator) {
        case 0: .null
        case 1: .bool(.random(using: &generator))
        case 2: .number(String(Int64.random(in: -1_000_000...1_000_000, using: &generator)))
        case 3: .number(Double.random(in: -1e6...1e6, using: &generator).description)
        case 4: .string(Self.text(using: &generator))
        case 5: .array((0..<Int.random(in: 0..<5, using: &generator)).map { _ in Self.random(depth: depth - 1, using: &generator) })
        default:
            .object(
                (0..<Int.random(in: 0..<5, using: &generator)).map { index in
                    .init("\(index)" + Self.text(using: &generator), Self.random(depth: depth - 1, using: &generator))
                })
        }
    }

    private static func text(using generator: inout SeededGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0..<12, using: &generator) {
            let range: ClosedRange<UInt32> =
                [0...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0x10000...0x1FFFF, 0x20...0x7E].randomElement(using: &generator) ?? 0...0
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &generator)) { text.append(scalar) }
        }
        return String(text)
    }

    private static func equals(_ value: JSONValue, _ other: Any) -> Bool {
        switch value {
        case .null: return other is NSNull
        case .bool(let bool): return other as? Bool == bool
        case .number(let text):
            // Foundation's numbers go through decimals and come back off by a few units in the last place: exact is what our own
            // reader is asked to be.
            guard let mine = Double(text), let theirs = (other as? NSNumber)?.doubleValue else { return false }
            return abs(mine - theirs) <= 1e-14 * abs(mine)
        case .string(let text): return (other as? String).map { Array($0.unicodeScalars) == Array(text.unicodeScalars) } ?? false
        case .array(let elements):
            guard let others = other as? [Any], others.count == elements.count else { return false }
            return zip(elements, others).allSatisfy { Self.equals($0, $1) }
        case .object(let members):
            guard let others = other as? [String: Any], others.count == members.count else { return false }
            return members.allSatisfy { member in others[member.name].map { Self.equals(member.value, $0) } ?? false }
        }
    }
}
