internal import Logging
internal import Synchronization

extension MeshClient {
    /// Where a call goes, and what was learnt on the way.
    struct Chosen {
        let replica: Replica
        /// Position of the method in the client's state.
        let method: Int
        let epoch: UInt32
        let hedgeDelay: UInt64?
        /// Replicas that get a copy.
        let shadows: [Replica]
    }

    private enum Choice {
        case use(Chosen)
        case wait
        case fail(MeshError, MeshClientEvent?)
    }

    /// - Parameter isFirst: Nobody was asked for this call yet.
    func replica(
        for method: MethodDescriptor, _ shard: ShardKey?, excluding failed: Replica?, isFirst: Bool, until deadline: Deadline
    ) async throws(MeshError) -> Chosen {
        while true {
            if let chosen = try self.accept(self.choose(for: method, shard, excluding: failed, isFirst: isFirst), method) { return chosen }
            let waiter = Waiter()
            let (id, _) = self.addWaiter(waiter)
            defer { self.mutex.withLock { $0.waiters[id] = nil } }
            // Once more with the waiter in place, so that no change is missed.
            if let chosen = try self.accept(self.choose(for: method, shard, excluding: failed, isFirst: isFirst), method) { return chosen }
            do {
                try await waiter.wait(until: deadline)
            } catch {
                guard error.code == .deadlineExceeded else { throw error }
                throw MeshError(.unavailable, "no replica of \(self.service) was found in time")
            }
        }
    }

    /// - Returns: `nil` when a replica may come.
    private func accept(_ choice: Choice, _ method: MethodDescriptor) throws(MeshError) -> Chosen? {
        switch choice {
        case .use(let chosen): return chosen
        case .wait: return nil
        case .fail(let error, let event):
            if let event { self.event(event, method) }
            throw error
        }
    }

    private func choose(
        for method: MethodDescriptor, _ shard: ShardKey?, excluding failed: Replica?, isFirst: Bool
    ) -> Choice {
        let now = Deadline.now
        return self.mutex.withLock { state in
            if state.isShutDown { return .fail(MeshError(.unavailable, "the client is shut down"), nil) }
            switch state.replicas.pick(shard: shard, excluding: failed, using: &state.balancer, at: now) {
            case .replica(let replica):
                let index = self.position(of: method, in: &state)
                guard let epoch = state.methods[index].admit(at: now) else {
                    return .fail(MeshError(.unavailable, "\(method.fullName) failed too often: it is tried again soon"), .breakerRefused)
                }
                if isFirst { state.budget.deposit() }
                let hedgeDelay = method.hedges && state.replicas.eligible.count > 1 ? state.methods[index].hedgeDelay : nil
                let shadows = isFirst && !state.replicas.shadows.isEmpty && method.isIdempotent ? self.drawShadows(&state) : []
                return .use(Chosen(replica: replica, method: index, epoch: epoch, hedgeDelay: hedgeDelay, shadows: shadows))
            case .full:
                let limit = self.configuration.maximumInFlight
                return .fail(MeshError(.resourceExhausted, "each replica of \(self.service) has \(limit) calls in flight"), .capped)
            case .none:
                // Before the first replica a call waits, and while a new one connects; after a loss it fails at once.
                if !state.hasBeenReady || state.replicas.all.contains(where: { $0.isConnecting }) { return .wait }
                return .fail(MeshError(.unavailable, "no replica of \(self.service) is connected"), nil)
            }
        }
    }

    private func drawShadows(_ state: inout State) -> [Replica] {
        var drawn: [Replica] = []
        for shadow in state.replicas.shadows
        where Double.random(in: 0..<1, using: &state.balancer.generator) < shadow.endpoint.shadowShare { drawn.append(shadow) }
        return drawn
    }

    /// Methods are few: a search in an array is quicker than hashing.
    private func position(of method: MethodDescriptor, in state: inout State) -> Int {
        if let index = state.methods.firstIndex(where: { $0.descriptor.id == method.id }) { return index }
        state.methods.append(MethodState(method, breaker: self.configuration.breaker, hedging: self.configuration.hedging))
        return state.methods.count - 1
    }

    /// - Parameter code: `nil` for success.
    func attemptEnded(_ code: MeshError.Code?, _ chosen: Chosen, since start: Deadline) {
        let now = Deadline.now
        let (transition, method) = self.mutex.withLock { state in
            let transition = state.methods[chosen.method].attemptEnded(
                code, after: now.nanoseconds - start.nanoseconds, epoch: chosen.epoch, at: now)
            return (transition, transition == nil ? nil : state.methods[chosen.method].descriptor)
        }
        guard let transition, let method else { return }
        self.event(transition == .opened ? .breakerOpened : .breakerClosed, method)
        self.logger.warning("breaker \(transition)", metadata: ["method": "\(method.fullName)", "mesh.service": "\(self.service)"])
    }

    func addWaiter(_ waiter: Waiter) -> (id: Int, isShutDown: Bool) {
        self.mutex.withLock { state in
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = waiter
            return (state.nextWaiter, state.isShutDown)
        }
    }

    // MARK: Coming and going

    /// Runs on ``SerialThread/control``.
    func update(_ endpoints: [Endpoint]) {
        let known = self.mutex.withLock { $0.isShutDown ? nil : $0.replicas.all }
        guard let known else { return }
        var replicas: [Replica] = []
        for endpoint in endpoints {
            if let replica = known.first(where: { $0.endpoint == endpoint }) {
                replicas.append(replica)
                continue
            }
            do {
                replicas.append(try self.connect(endpoint))
            } catch {
                self.logger.warning("replica can't be dialled", metadata: ["replica": "\(endpoint.name)", "error": "\(error)"])
            }
        }
        let isShutDown = self.mutex.withLock { state in
            if !state.isShutDown { state.replicas.replace(replicas) }
            return state.isShutDown
        }
        for replica in known where !replicas.contains(where: { $0 === replica }) { replica.retire() }
        // Those that were known are retired by the shutdown.
        if isShutDown { for replica in replicas where !known.contains(where: { $0 === replica }) { replica.retire() } }
        self.replicasChanged()
    }

    private func connect(_ endpoint: Endpoint) throws(MeshError) -> Replica {
        let logger = self.logger
        return try Replica(
            endpoint, configuration: self.configuration,
            onRejection: { user in logger.error("replica of another user refused", metadata: ["peer.uid": "\(user)"]) },
            onChange: { [weak self] in self?.replicasChanged() },
            onFailure: { [weak self] in self?.replicaFailed($0) })
    }

    private func replicasChanged() {
        let (waiters, lost) = self.mutex.withLock { state in
            let before = state.replicas.ready.count
            state.replicas.sort(at: .now)
            if !state.replicas.ready.isEmpty { state.hasBeenReady = true }
            return (Array(state.waiters.values), state.replicas.ready.count < before)
        }
        for waiter in waiters { waiter.wake() }
        if lost { self.discovery.refresh() }
    }

    private func replicaFailed(_ replica: Replica) {
        guard self.mutex.withLock({ $0.replicas.replicaFailed(replica, at: .now) }) else { return }
        self.event(.ejected)
        self.logger.warning(
            "replica ejected: too many failures in a row",
            metadata: ["replica": "\(replica.endpoint.name)", "mesh.service": "\(self.service)"])
    }
}
