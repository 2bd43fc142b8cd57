import DataExchange
import Postgres
import Synchronization
import TestKit
import Testing

@Suite("Import", .enabled(if: TemporaryPostgres.isAvailable))
struct ImporterTests {
    private func importer(_ pool: PostgresPool) -> Importer { Importer(pool: pool, logger: silent) }

    private static let usersHeader = "id,name,age,gender,location,bio,interests,latitude,longitude,created_at"

    @Test("People come in with all they have; quotes, line ends, both kinds of lists and times are understood")
    func users() async throws {
        try await withStore { (pool, folder) async throws in
            let file = try folder.write(
                "users.csv",
                "\u{FEFF}\(Self.usersHeader)\r\n"
                    + #"7,"Ann ""A"" Li",30,female,"Köln, DE","two"# + "\r\n"
                    + #"lines, ü",hiking; tea ;hiking,50.9,6.9,2024-01-15T10:30:00Z"# + "\r\n"
                    + #"8,Bob,,,,,"[""a;b"",""c""]",,,1705314600"# + "\r\n\r\n"
                    + #"9,Cy,18,other,X,"","# + ",,,\r\n")
            let summary = try await self.importer(pool).importUsers(from: file)
            #expect((summary.rows, summary.inserted, summary.rejectedCount) == (3, 3, 0))
            let rows = try await pool.query(
                "SELECT name, age, gender, location, bio, interests, latitude, created_at FROM users ORDER BY id")
            #expect(try rows[0].string(0) == #"Ann "A" Li"#)
            #expect(try rows[0].int(1) == 30)
            #expect(try rows[0].string(3) == "Köln, DE")
            #expect(try rows[0].string(4) == "two\r\nlines, ü")
            #expect(try rows[0].stringArray(5) == ["hiking", "tea"])
            #expect(try rows[0].double(6) == 50.9)
            #expect(try rows[0].timestamp(7) == 1_705_314_600_000_000)
            #expect(try rows[1].isNull(1) && rows[1].isNull(2) && rows[1].isNull(3) && rows[1].isNull(4))
            #expect(try rows[1].stringArray(5) == ["a;b", "c"])
            #expect(try rows[1].timestamp(7) == 1_705_314_600_000_000)
            #expect(try rows[2].string(4) == "")
            // The next person who signs up gets a number of their own.
            #expect(try await pool.number("INSERT INTO users (name) VALUES ('new') RETURNING id") > 9)
        }
    }

    /// Each bad row with the beginning of the reason for which it is refused.
    private static let badUsers: [(row: String, reason: String)] = [
        ("0,A", "id is not positive"), ("-1,A", "id is not positive"), ("x,A", "id is no whole number"), (",A", "id is missing"),
        ("1.5,A", "id is no whole number"), ("9223372036854775808,A", "id is no whole number"), ("1,", "name is missing"),
        ("1,\"  \"", "name is missing"), ("1,\(String(repeating: "n", count: 101))", "name has more than 100"),
        ("1,A,17", "age is not within"), ("1,A,121", "age is not within"), ("1,A,old", "age is no whole number"),
        ("1,A,20,unknown", "gender is none of"), ("1,A,20,male,\(String(repeating: "l", count: 201))", "location has more than 200"),
        ("1,A,20,male,X,\(String(repeating: "b", count: 1001))", "bio has more than 1000"),
        ("1,A,20,male,X,,\((1...51).map(String.init).joined(separator: ";"))", "interests has more than 50"),
        ("1,A,20,male,X,,a; ;b", "interests has a blank"), ("1,A,20,male,X,,\"[1]\"", "interests is no JSON list"),
        ("1,A,20,male,X,,\"[\"\"a\"\"\"", "interests is no JSON list"), ("1,A,20,male,X,,,91,0", "latitude is no number within"),
        ("1,A,20,male,X,,,0,181", "longitude is no number within"), ("1,A,20,male,X,,,1,", "latitude and longitude"),
        ("1,A,20,male,X,,,nan,1", "latitude is no number"), ("1,A,20,male,X,,,,,yesterday", "created_at is neither"),
        ("1,A,20,male,X,,,,,2024-02-30", "created_at is neither"), ("1,A,20,male,X,,,,,,more", "11 fields where 10"),
        ("1,A\0", "name holds U+0000"), ("1,\"A\"B", "text follows a closing quote"), ("1", "1 fields where at least 2"),
    ]

    @Test("A bad row is refused for what is wrong with it, the others come in")
    func badUserRows() async throws {
        try await withStore { (pool, folder) async throws in
            let content = "100,First\n" + Self.badUsers.map { $0.row + "\n" }.joined() + "102,Last\n"
            let summary = try await self.importer(pool).importUsers(from: folder.write("users.csv", content))
            #expect(summary.inserted == 2)
            #expect(summary.rejectedCount == Self.badUsers.count)
            #expect(summary.rejected.map(\.line) == Array(2..<(2 + Self.badUsers.count)))
            for (rejected, expected) in zip(summary.rejected, Self.badUsers) {
                #expect(rejected.reason.hasPrefix(expected.reason), "\(expected.row): \(rejected.reason)")
            }
        }
    }

    private static let badInteractions: [(row: String, reason: String)] = [
        ("1,1", "an interaction with oneself"), ("1,0", "target_user_id is not positive"), ("1,2,wave", "interaction_type is none of"),
        ("1,2,like,soon", "timestamp is neither"), ("1,2,like,,[]", "context is no JSON object"),
        ("1,2,like,,\"{\"\"a\"\":\"\"\\u0000\"\"}\"", "context holds U+0000"), ("1", "1 fields"), ("1,2,like,1e400", "timestamp is neither"),
    ]

    @Test("So are bad interactions")
    func badInteractionRows() async throws {
        try await withStore { (pool, folder) async throws in
            let content = "5,6\n" + Self.badInteractions.map { $0.row + "\n" }.joined() + "6,5\n"
            let summary = try await self.importer(pool).importInteractions(from: folder.write("i.csv", content))
            #expect(summary.inserted == 2)
            #expect(summary.rejected.map(\.line) == Array(2..<(2 + Self.badInteractions.count)))
            for (rejected, expected) in zip(summary.rejected, Self.badInteractions) {
                #expect(rejected.reason.hasPrefix(expected.reason), "\(expected.row): \(rejected.reason)")
            }
        }
    }

    @Test("A quote that is never closed costs its line alone; text that is not UTF-8, its row")
    func brokenText() async throws {
        try await withStore { (pool, folder) async throws in
            let file = try folder.write("users.csv", "1,A\n2,\"never closed\n3,C\n")
            let summary = try await self.importer(pool).importUsers(from: file)
            #expect(summary.rejected.map(\.line) == [2])
            #expect(summary.inserted == 2)
        }
    }

    @Test("JSON lines hold the same, in any order of keys")
    func jsonLines() async throws {
        try await withStore { (pool, folder) async throws in
            let users = try folder.write(
                "users.jsonl",
                """
                {"name": "Ann \\u00fc \\ud83d\\ude00", "id": 1, "interests": ["a", "b"], "age": 30, "latitude": 1e1, "longitude": -2.5}
                {"id": 2, "name": "B", "nickname": "x"}
                {"id": 3, "name": "C"
                {"id": 4, "name": true}
                {"id": "5", "name": "E", "interests": "x;y"}
                """)
            let summary = try await self.importer(pool).importUsers(from: users)
            #expect(summary.rejected.map(\.line) == [2, 3, 4])
            #expect(try await pool.query("SELECT name FROM users ORDER BY id")[0].string(0) == "Ann ü 😀")
            #expect(try await pool.query("SELECT interests FROM users ORDER BY id")[1].stringArray(0) == ["x", "y"])
            let interactions = try folder.write(
                "i.jsonl",
                #"{"user_id": 1, "target_user_id": 5, "interaction_type": "super_like", "timestamp": 1705314600.25, "context": {"a": [1]}}"#)
            #expect(try await self.importer(pool).importInteractions(from: interactions).inserted == 1)
            let row = try await pool.query("SELECT kind, occurred_at, context FROM interactions")[0]
            #expect(try row.int(0) == 3)
            #expect(try row.timestamp(1) == 1_705_314_600_250_000)
            #expect(try row.string(2) == #"{"a": [1]}"#)
        }
    }

    @Test("People met in interactions alone get bare profiles; states and matches follow the log")
    func interactions() async throws {
        try await withStore { (pool, folder) async throws in
            let file = try folder.write(
                "interactions.tsv",
                """
                target_user_id\tuser_id\tinteraction_type\ttimestamp
                2\t1\tlike\t2024-01-01T00:00:00Z
                1\t2\tsuper_like\t2024-01-02T00:00:00+01:00
                3\t1\tlike\t1704067200
                3\t1\tdislike\t1704067300
                4\t1\tblock\t2024-01-01
                """)
            let summary = try await self.importer(pool).importInteractions(from: file)
            #expect((summary.inserted, summary.bareProfiles, summary.rejectedCount) == (5, 4, 0))
            #expect(try await pool.query("SELECT name FROM users WHERE id = 3")[0].string(0) == "Person 3")
            #expect(try await pool.number("SELECT count(*) FROM matches WHERE (low, high) = (1, 2) AND ended_at IS NULL") == 1)
            #expect(try await pool.number("SELECT opinion FROM pair_states WHERE (user_id, target_user_id) = (1, 3)") == 2)
            #expect(try await pool.number("SELECT count(*) FROM pair_states WHERE blocked") == 1)
            // A profile that comes later fills the bare one.
            let users = try await self.importer(pool).importUsers(from: folder.write("users.csv", "3,Cleo,40\n4,Dan\n"))
            #expect((users.inserted, users.updated) == (0, 2))
            #expect(try await pool.query("SELECT name FROM users WHERE id = 3")[0].string(0) == "Cleo")
        }
    }

    @Test("An import that is repeated doubles nothing, with times or without")
    func repeated() async throws {
        try await withStore { (pool, folder) async throws in
            let interactions = try folder.write("i.csv", "1,2\n2,1,like,2024-01-01\n1,2\n")
            let first = try await self.importer(pool).importInteractions(from: interactions)
            #expect((first.inserted, first.duplicates) == (2, 1))
            let second = try await self.importer(pool).importInteractions(from: interactions)
            #expect((second.inserted, second.duplicates, second.resumedRows) == (0, 3, 0))
            #expect(try await pool.number("SELECT count(*) FROM interactions") == 2)
            let users = try folder.write("users.csv", "1,A,20\n2,B\n")
            _ = try await self.importer(pool).importUsers(from: users)
            let again = try await self.importer(pool).importUsers(from: users)
            #expect((again.inserted, again.updated, again.duplicates) == (0, 0, 2))
        }
    }

    @Test("An import that was broken off goes on after its last transaction")
    func resumed() async throws {
        try await withStore { (pool, folder) async throws in
            let rows = (1...95).map { "\($0),\($0 + 1)" }
            let file = try folder.write("i.csv", "user_id,target_user_id\n" + rows.joined(separator: "\n") + "\nbad,row\n")
            let options = ImportOptions(batchSize: 10)
            let seen = Mutex(0)
            let task = Task { [importer = self.importer(pool)] in
                try await importer.importInteractions(from: file, options: options) { progress in
                    seen.withLock { $0 = progress.rows }
                    if progress.rows >= 30 { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
                }
            }
            await #expect(throws: (any Error).self) { try await task.value }
            #expect(seen.withLock { $0 } == 30)
            #expect(try await pool.number("SELECT count(*) FROM interactions") == 30)
            let summary = try await self.importer(pool).importInteractions(from: file, options: options)
            #expect((summary.resumedRows, summary.rows, summary.inserted, summary.duplicates) == (30, 66, 65, 0))
            #expect(summary.rejected.map(\.line) == [97])
            #expect(try await pool.number("SELECT count(*) FROM interactions") == 95)
        }
    }

    @Test("An offset makes room for zero; tabs without a header are read")
    func offset() async throws {
        try await withStore { (pool, folder) async throws in
            let file = try folder.write("train.tsv", "0\t8\n0\t40\n")
            #expect(try await self.importer(pool).importInteractions(from: file).rejectedCount == 2)
            let options = ImportOptions(identifiers: .numbers(offset: 1))
            let summary = try await self.importer(pool).importInteractions(from: file, options: options)
            #expect((summary.inserted, summary.rejectedCount) == (2, 0))
            #expect(try await pool.query("SELECT id FROM users ORDER BY id").map { try $0.int(0) } == [1, 9, 41])
        }
    }

    @Test("External identifiers keep their numbers across files")
    func external() async throws {
        try await withStore { (pool, folder) async throws in
            let options = ImportOptions(identifiers: .external)
            _ = try await self.importer(pool).importUsers(from: folder.write("users.csv", "anna@x,Anna\nbob,Bob\n"), options: options)
            let interactions = try folder.write("i.csv", "bob,anna@x\nbob,zoe\n")
            let summary = try await self.importer(pool).importInteractions(from: interactions, options: options)
            #expect((summary.inserted, summary.bareProfiles) == (2, 1))
            let map = try await self.importer(pool).externalIdentifiers()
            #expect(map.map(\.external) == ["anna@x", "bob", "zoe"])
            let rows = try await pool.query(
                "SELECT u.name FROM users AS u JOIN external_ids AS e ON e.user_id = u.id ORDER BY e.external_id")
            #expect(try rows.map { try $0.string(0) } == ["Anna", "Bob", "Person \(map[2].userID)"])
        }
    }

    @Test("A file that can't be understood at all is refused as a whole")
    func refusedFiles() async throws {
        try await withStore { (pool, folder) async throws in
            let files = [
                folder.path("absent.csv"), try folder.write("users.txt", "1,A\n"), try folder.write("header.csv", "id,name,shoe\n1,A,44\n"),
                try folder.write("twice.csv", "id,name,id\n"), try folder.write("lacks.csv", "name,age\nA,20\n"), folder.path(""),
            ]
            for file in files {
                await #expect(throws: ExchangeError.self) { try await self.importer(pool).importUsers(from: file) }
            }
            let empty = try await self.importer(pool).importUsers(from: folder.write("empty.csv", ""))
            #expect((empty.rows, empty.inserted, empty.rejectedCount) == (0, 0, 0))
        }
    }
}
