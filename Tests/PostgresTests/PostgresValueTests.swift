import Postgres
import TestKit
import Testing

@Suite("Values to the server and back", .enabled(if: TemporaryPostgres.isAvailable))
struct PostgresValueTests {
    @Test("Every scalar survives the round trip at its limits")
    func scalars() async throws {
        try await withPool { (pool) async throws in
            let row = try #require(
                try await pool.query(
                    """
                    SELECT \(Int64.min), \(Int64.max), \(Int32.min), \(Int16.max), \(-1.5e300), \(Float(0.1)), \(true), \(false),
                        \(""), \("naïve 👩‍👩‍👧 日本"), \([UInt8]([0, 1, 255])), \([UInt8]()), \(UInt64(1) << 60)
                    """
                ).first)
            #expect(try row.int64(0) == .min)
            #expect(try row.int64(1) == .max)
            #expect(try row.int32(2) == .min)
            #expect(try row.int16(3) == .max)
            #expect(try row.double(4) == -1.5e300)
            #expect(try row.float(5) == 0.1)
            #expect(try row.bool(6))
            #expect(try !row.bool(7))
            #expect(try row.string(8) == "")
            #expect(try row.string(9) == "naïve 👩‍👩‍👧 日本")
            #expect(try row.bytes(10) == [0, 1, 255])
            #expect(try row.bytes(11) == [])
            #expect(try row.uint64(12) == UInt64(1) << 60)
        }
    }

    @Test("Arrays survive the round trip, the empty one too")
    func arrays() async throws {
        try await withPool { (pool) async throws in
            let row = try #require(
                try await pool.query(
                    """
                    SELECT \([Int64(1), -2, .max]), \([Int64]()), \([Float(0.5), -1]), \(["a", "", "ü,\"{}"]), \([Int16(7)]),
                        \([1.25, .infinity]), \([true, false]), \([[UInt8(1)], []]), \([Int32(-5)])
                    """
                ).first)
            #expect(try row.int64Array(0) == [1, -2, .max])
            #expect(try row.int64Array(1) == [])
            #expect(try row.floatArray(2) == [0.5, -1])
            #expect(try row.stringArray(3) == ["a", "", "ü,\"{}"])
            #expect(try row.int16Array(4) == [7])
            #expect(try row.doubleArray(5) == [1.25, .infinity])
            #expect(try row.boolArray(6) == [true, false])
            #expect(try row.bytesArray(7) == [[1], []])
            #expect(try row.int32Array(8) == [-5])
        }
    }

    @Test("NULL goes both ways and is refused where a value must be")
    func nulls() async throws {
        try await withPool { (pool) async throws in
            let row = try #require(
                try await pool.query(
                    "SELECT \(Int64?.none), \(String?.none), \([Int64]?.none), \(.timestamp(microseconds: nil)), \(.json(nil)), \(Int64?(5))"
                ).first)
            #expect(try row.optionalInt64(0) == nil)
            #expect(try row.optionalString(1) == nil)
            #expect(try row.optionalInt64Array(2) == nil)
            #expect(try row.optionalTimestamp(3) == nil)
            #expect(try row.isNull(4))
            #expect(try row.optionalInt64(5) == 5)
            #expect(throws: PostgresError.self) { try row.int64(0) }
        }
    }

    @Test("Times are microseconds since 1970")
    func times() async throws {
        try await withPool { (pool) async throws in
            for microseconds: Int64 in [0, 1, -1, 946_684_800_000_000, 1_705_314_600_123_456] {
                let time = PostgresParameter.timestamp(microseconds: microseconds)
                let rows = try await pool.query("SELECT \(time), (extract(epoch FROM \(time)) * 1000000)::int8")
                #expect(try rows[0].timestamp(0) == microseconds)
                #expect(try rows[0].int64(1) == microseconds)
            }
        }
    }

    @Test("Sums and averages, which are numeric, read as numbers")
    func numerics() async throws {
        try await withPool { (pool) async throws in
            for value: Int64 in [0, -1, 9_999, 10_000, -100_000_000, 123_456_789_012_345_678, .max, .min] {
                let row = try await pool.query("SELECT \(value)::numeric, \(value)::numeric + 0.25")[0]
                #expect(try row.int64(0) == value)
                #expect(try row.double(0) == Double(value))
                #expect(try row.double(1) == Double(value) + 0.25)
                #expect(throws: PostgresError.self) { try row.int64(1) }
            }
            let tooBig = try await pool.query("SELECT 9223372036854775808::numeric, 'NaN'::numeric, 0.0001::numeric")[0]
            #expect(throws: PostgresError.self) { try tooBig.int64(0) }
            #expect(throws: PostgresError.self) { try tooBig.double(1) }
            #expect(try tooBig.double(2) == 0.0001)
        }
    }

    @Test("JSON goes in and out as text; xid8 compares")
    func special() async throws {
        try await withPool { (pool) async throws in
            let row = try await pool.query(
                """
                SELECT \(.json(#"{"a": [1, "ü"]}"#)), \(.json("{}"))->>'x', pg_current_xact_id() >= \(.xid8(1)), pg_current_xact_id()
                """)[0]
            #expect(try row.string(0) == #"{"a": [1, "ü"]}"#)
            #expect(try row.optionalString(1) == nil)
            #expect(try row.bool(2))
            #expect(try row.uint64(3) > 0)
        }
    }

    @Test("A column read as another type is refused, not misread")
    func mismatches() async throws {
        try await withPool { (pool) async throws in
            let row = try await pool.query("SELECT \("12345678"), \(Int64(1)), \(Int64.max), ARRAY[1, NULL]::int8[]")[0]
            #expect(throws: PostgresError.self) { try row.int64(0) }
            #expect(throws: PostgresError.self) { try row.string(1) }
            #expect(throws: PostgresError.self) { try row.int16(2) }
            #expect(throws: PostgresError.self) { try row.int64Array(3) }
            #expect(throws: PostgresError.self) { try row.int64(9) }
            #expect(throws: PostgresError.self) { try row.bool(-1) }
        }
    }

    @Test("A value of 8 MB goes both ways")
    func bigValue() async throws {
        try await withPool { (pool) async throws in
            let bytes = [UInt8](repeating: 0x5A, count: 8 << 20)
            let row = try await pool.query("SELECT \(bytes), length(\(bytes))")[0]
            #expect(try row.bytes(0) == bytes)
            #expect(try row.int(1) == bytes.count)
        }
    }
}
