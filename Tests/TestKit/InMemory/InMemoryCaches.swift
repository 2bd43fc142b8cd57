public import Domain
import Synchronization

/// Lists in memory. `isAway` makes it behave like a Redis that does not answer.
public final class InMemoryRecommendationCache: RecommendationCache {
    private struct State {
        var isAway = false
        var lists: [String: (answer: [UInt8], people: [UserID], versions: CacheVersions)] = [:]
        var viewers: [UserID: UInt64] = [:]
        var changes: [UserID: Int64] = [:]
        var safety: Int64 = 1
        var actions: [(version: Int64, person: UserID)] = []
        var last: UInt64 = 0

        mutating func version(of viewer: UserID) -> UInt64 {
            if let version = self.viewers[viewer] { return version }
            self.last += 1
            self.viewers[viewer] = self.last
            return self.last
        }
    }

    private let state = Mutex(State())

    public init() {}

    public var isAway: Bool {
        get { self.state.withLock(\.isAway) }
        set { self.state.withLock { $0.isAway = newValue } }
    }

    public func lookup(_ key: String, viewer: UserID) async -> CacheLookup {
        self.state.withLock { state in
            guard !state.isAway else { return .miss(nil) }
            let versions = CacheVersions(viewer: state.version(of: viewer), safety: state.safety)
            guard let list = state.lists["\(viewer):\(key)"], list.versions.viewer == versions.viewer,
                list.people.allSatisfy({ state.changes[$0] ?? 0 <= list.versions.safety })
            else { return .miss(versions) }
            return .hit(list.answer)
        }
    }

    public func store(_ answer: [UInt8], showing people: [UserID], key: String, viewer: UserID, versions: CacheVersions) {
        self.state.withLock { state in
            if !state.isAway { state.lists["\(viewer):\(key)"] = (answer, people, versions) }
        }
    }

    public func bump(viewers: [UserID]) async throws(RepositoryError) {
        try self.state.withLock { (state) throws(RepositoryError) in
            guard !state.isAway else { throw RepositoryError(.unavailable) }
            for viewer in viewers {
                state.last += 1
                state.viewers[viewer] = state.last
                state.actions.append((Int64(state.last), viewer))
            }
        }
    }

    public func changed(people: [UserID]) async throws(RepositoryError) {
        try self.state.withLock { (state) throws(RepositoryError) in
            guard !state.isAway else { throw RepositoryError(.unavailable) }
            state.safety += 1
            for person in people { state.changes[person] = state.safety }
        }
    }

    public func changedPeople(since position: ChangePosition?) async -> ChangedPeople? {
        self.state.withLock { state in
            guard !state.isAway else { return nil }
            let end = ChangePosition(run: "memory", changes: state.safety, actions: Int64(state.last))
            guard let position, position.run == end.run else { return ChangedPeople(people: nil, position: end) }
            let changed = state.changes.filter { $0.value > position.changes }.map(\.key)
            let acted = state.actions.filter { $0.version > position.actions }.map(\.person)
            return ChangedPeople(people: changed + acted, position: end)
        }
    }
}

/// Packed features in memory. `isAway` makes it miss and forget.
public final class InMemoryFeatureCache: FeatureCache {
    private struct Key: Hashable { let id: UserID, version: FeatureVersion }
    private struct State {
        var isAway = false
        var values: [Key: [UInt8]] = [:]
        var listeners: [Int: AsyncStream<FeatureChange>.Continuation] = [:]
        var last = 0
    }

    private let state = Mutex(State())

    public init() {}

    public var isAway: Bool {
        get { self.state.withLock(\.isAway) }
        set { self.state.withLock { $0.isAway = newValue } }
    }

    public func values(of ids: [UserID], _ version: FeatureVersion) async -> [[UInt8]?] {
        self.state.withLock { state in ids.map { state.isAway ? nil : state.values[Key(id: $0, version: version)] } }
    }

    public func store(_ values: [(id: UserID, value: [UInt8])], _ version: FeatureVersion) async {
        self.state.withLock { state in
            guard !state.isAway else { return }
            for (id, value) in values { state.values[Key(id: id, version: version)] = value }
        }
    }

    public func remove(_ ids: [UserID], _ version: FeatureVersion) async {
        self.state.withLock { state in
            guard !state.isAway else { return }
            for id in ids { state.values[Key(id: id, version: version)] = nil }
        }
    }

    public func announce(_ ids: [UserID]) async {
        let listeners = self.state.withLock { $0.isAway ? [] : Array($0.listeners.values) }
        for listener in listeners where !ids.isEmpty { listener.yield(.people(ids)) }
    }

    public func changes() -> AsyncStream<FeatureChange> {
        let (stream, continuation) = AsyncStream.makeStream(of: FeatureChange.self)
        let number = self.state.withLock { state in
            state.last += 1
            state.listeners[state.last] = continuation
            return state.last
        }
        continuation.yield(.unknown)
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
        }
        return stream
    }
}
