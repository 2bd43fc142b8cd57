import DataExchange
import Testing

@Suite("Rows from bytes")
struct ParserTests {
    /// All rows, with the bytes given in pieces of so many.
    private func rows(_ text: String, _ parser: any RecordParser, pieces: Int) -> [RawRow] {
        var parser = parser
        var rows: [RawRow] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            parser.append(Array(rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
            while let row = parser.next() { rows.append(row) }
        }
        parser.finish()
        while let row = parser.next() { rows.append(row) }
        return rows
    }

    private func contents(_ rows: [RawRow]) -> [[RawValue]?] { rows.map { try? $0.content.get() } }

    @Test("However the bytes are cut, the rows are the same", arguments: [1, 2, 3, 7, 1000])
    func pieces(size: Int) {
        let text = "\u{FEFF}a,b\r\n\r\n\"x,\"\"y\"\"\r\nz\",\n,\"\"\n\"e\"\r\nü,last"
        let rows = self.rows(text, DelimitedParser(separator: UInt8(ascii: ",")), pieces: size)
        #expect(
            self.contents(rows) == [
                [.text("a"), .text("b")], [.text("x,\"y\"\r\nz"), .absent], [.absent, .text("")], [.text("e")], [.text("ü"), .text("last")],
            ])
        #expect(rows.map(\.line) == [1, 3, 5, 6, 7])
        #expect(rows.last?.end == text.utf8.count)
    }

    @Test("Every end is the start of the next row, so that reading can go on there")
    func ends() {
        let text = "a,1\n\"b\nb\",2\nc,3\n"
        let rows = self.rows(text, DelimitedParser(separator: UInt8(ascii: ",")), pieces: 4)
        let rest = String(decoding: Array(text.utf8)[rows[0].end...], as: UTF8.self)
        let again = self.rows(rest, DelimitedParser(separator: UInt8(ascii: ","), offset: rows[0].end, line: rows[1].line), pieces: 4)
        #expect(self.contents(again) == self.contents(Array(rows.dropFirst())))
        #expect(again.map(\.end) == rows.dropFirst().map(\.end))
        #expect(again.map(\.line) == rows.dropFirst().map(\.line))
    }

    @Test("A quote that is never closed costs one line, and a row of over 1 MB itself")
    func bounds() {
        let rows = self.rows("a\n\"b\nc\n", DelimitedParser(separator: UInt8(ascii: ",")), pieces: 3)
        #expect(self.contents(rows) == [[.text("a")], nil, [.text("c")]])
        let long = "x\n" + String(repeating: "y", count: 1_200_000) + "\nz\n"
        let parsed = self.rows(long, DelimitedParser(separator: UInt8(ascii: ",")), pieces: 100_000)
        #expect(self.contents(parsed) == [[.text("x")], nil, [.text("z")]])
        let json = self.rows(long, JSONLinesParser(columns: ["a"]), pieces: 100_000)
        #expect(json.map(\.line) == [1, 2, 3])
        #expect((json.last?.end, parsed.last?.end) == (long.utf8.count, long.utf8.count))
    }

    @Test("Bytes that are not UTF-8 are refused, not repaired")
    func encoding() {
        var parser = DelimitedParser(separator: UInt8(ascii: "\t"))
        parser.append([0x61, 0x09, 0xC3, 0x0A, 0x62, 0x0A])
        parser.finish()
        #expect((try? parser.next()?.content.get()) == nil)
        #expect((try? parser.next()?.content.get()) == [.text("b")])
        #expect(parser.next() == nil)
    }

    @Test(
        "JSON is read strictly",
        arguments: [
            (#"{"a": "x", "b": -1.5e3}"#, [RawValue.text("x"), .text("-1.5e3")]), (#"{"b": null}"#, [.absent, .absent]),
            (#"{"a": "\u00fc\ud83d\ude00\n\/"}"#, [.text("ü😀\n/"), .absent]), (#" { "a" : [ "x" , "y" ] } "#, [.list(["x", "y"]), .absent]),
            (#"{"a": {"n": [1, {"m": true}]}, "b": []}"#, [.object(#"{"n": [1, {"m": true}]}"#), .list([])]),
            (#"{"a": 12345678901234567890}"#, [.text("12345678901234567890"), .absent]),
            (#"{"a": 01}"#, nil), (#"{"a": 1.}"#, nil), (#"{"a": "\ud83d"}"#, nil), (#"{"a": "x}"#, nil), (#"{"a": 1,}"#, nil),
            (#"{"c": 1}"#, nil), (#"[1]"#, nil), (#"{"a": 1} 2"#, nil), (#"{"a": .5}"#, nil), (#"{'a': 1}"#, nil), ("{\"a\": \"\u{1}\"}", nil),
            (#"{"a": tru}"#, nil),
        ])
    func json(text: String, values: [RawValue]?) {
        let rows = self.rows(text + "\n", JSONLinesParser(columns: ["a", "b"]), pieces: 5)
        #expect(self.contents(rows) == [values])
    }
}
