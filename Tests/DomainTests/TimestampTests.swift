import Domain
import Testing

@Suite struct TimestampTests {
    @Test(
        "ISO-8601 in its usual spellings is read to the microsecond",
        arguments: [
            ("1970-01-01", 0), ("1970-01-01T00:00:00Z", 0), ("1970-01-01 00:00:01", 1_000_000),
            ("2024-02-29T12:30:00.5Z", 1_709_209_800_500_000), ("2024-01-15T10:30:00+02:00", 1_705_307_400_000_000),
            ("1969-12-31T23:59:59.999999Z", -1), ("2024-01-15T10:30Z", 1_705_314_600_000_000),
        ])
    func reading(text: String, microseconds: Int64) {
        #expect(Timestamp(iso8601: text) == Timestamp(rawValue: microseconds))
    }

    @Test(
        "What is no moment is refused",
        arguments: [
            "", "2024", "2024-13-01", "2023-02-29", "2024-01-15T25:00:00Z", "2024-01-15T10:61:00Z", "2024-01-15T10:30:00X",
            "2024-01-15T10:30:00.Z", "2024-01-15T10:30:00Z ", "yesterday", "2024-1-5", "2024-00-10", "2024-01-00",
        ])
    func refusal(text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test("Writing and reading again gives the same moment", arguments: [0, 1, -1, 1_709_209_800_500_000, -62_135_596_800_000_000])
    func roundTrip(microseconds: Int64) {
        let moment = Timestamp(rawValue: microseconds)
        #expect(Timestamp(iso8601: moment.iso8601) == moment)
    }

    @Test("The fraction is written only where there is one")
    func fraction() {
        #expect(Timestamp(rawValue: 1_705_314_600_000_000).iso8601 == "2024-01-15T10:30:00Z")
        #expect(Timestamp(rawValue: 1_705_314_600_250_000).iso8601 == "2024-01-15T10:30:00.250Z")
        #expect(Timestamp(rawValue: 1_705_314_600_000_001).iso8601 == "2024-01-15T10:30:00.000001Z")
    }
}
