import Features
import Testing

@Suite struct TermsTests {
    @Test(
        "FNV-1a gives its published values",
        arguments: [("", 0x811c_9dc5), ("a", 0xe40c_292c), ("foobar", 0xbf9c_f968)] as [(String, UInt32)])
    func hash(text: String, expected: UInt32) {
        #expect(Terms.hash(text) == expected)
    }

    @Test("Interests are compared without case, surrounding blanks and repetition")
    func interests() {
        #expect(Terms.interests([" Hiking", "hiking\t", "CHESS", "", "  "]) == [Terms.hash("chess"), Terms.hash("hiking")].sorted())
        #expect(Terms.interests((0..<200).map { "interest \($0)" }).count == Terms.interestLimit)
    }

    @Test("A biography counts with its meaningful words")
    func biography() {
        let terms = Terms.terms(of: "I love the SEA, and sailing — sailing with you! Ça va?")
        #expect(terms == ["sea", "sailing"].map(Terms.hash).sorted())
    }

    @Test("A long biography counts with its first words only")
    func longBiography() {
        let words = (0..<100).map { "word\($0)" }
        #expect(Terms.terms(of: words.joined(separator: " ")) == words.prefix(Terms.limit).map(Terms.hash).sorted())
        #expect(Terms.terms(of: "").isEmpty)
    }
}
