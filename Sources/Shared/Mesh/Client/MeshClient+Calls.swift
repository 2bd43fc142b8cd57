internal import Logging
internal import Synchronization
internal import Telemetry

extension MeshClient {
    /// Calls a method and waits for its reply.
    ///
    /// - Parameters:
    ///   - shard: Calls with equal keys go to one replica while it has room; `nil`: to the one that is likely to be quickest.
    ///   - deadline: When the reply is of no more use; that of the context holds if it is earlier.
    ///   - context: What deadline, trace and metadata are inherited from; `nil`: ``CallContext/current``.
    /// - Throws: ``MeshError``: what the handler answered, or why there is no answer.
    public func call<Request: MeshMessage, Response: MeshMessage>(
        _ method: MethodDescriptor, _ request: Request, shard: ShardKey? = nil, deadline: Deadline? = nil, context: CallContext? = nil
    ) async throws(MeshError) -> Response {
        let start = Deadline.now
        let context = self.outgoing(method, deadline, context ?? CallContext.current)
        let progress = CallProgress(span: Self.span(of: method, context))
        do {
            let reply: MessageBuffer
            if self.configuration.interceptors.isEmpty {
                reply = try await self.attempts(method, request, shard, context, progress)
            } else {
                reply = try await self.intercepted(method, request, shard, context, progress)
            }
            let response = try Self.response(Response.self, from: reply)
            self.ended(method, progress, nil, since: start)
            return response
        } catch {
            self.ended(method, progress, error.code, since: start)
            throw error
        }
    }

    private func outgoing(_ method: MethodDescriptor, _ deadline: Deadline?, _ inherited: CallContext?) -> CallContext {
        let trace = self.mutex.withLock { state in
            inherited.map { state.balancer.child(of: $0.trace) } ?? state.balancer.trace()
        }
        guard let inherited else {
            let deadline = deadline ?? .after(method.timeout ?? self.configuration.defaultTimeout)
            return CallContext(deadline: deadline, trace: trace, method: method.fullName)
        }
        // A handler must still be able to reply when what it called didn't.
        let limit = inherited.method.isEmpty ? inherited.deadline : inherited.deadline.reduced(by: self.configuration.hopReserve)
        return CallContext(
            deadline: min(deadline ?? .never, limit), trace: trace, metadata: inherited.metadata, method: method.fullName,
            isShadow: inherited.isShadow)
    }

    /// The call's span, whose identifier travels with it; `nil` where the caller's spans aren't recorded.
    private static func span(of method: MethodDescriptor, _ context: CallContext) -> TraceSpan? {
        guard let caller = TraceSpan.current, caller.isOf(traceHigh: context.trace.traceHigh, traceLow: context.trace.traceLow) else {
            return nil
        }
        return caller.child(method.fullName, .client, id: context.trace.span)
    }

    private func ended(_ method: MethodDescriptor, _ progress: CallProgress, _ code: MeshError.Code?, since start: Deadline) {
        if let span = progress.span { self.end(span, progress, code) }
        guard let observer = self.configuration.observer else { return }
        let (replica, attempts) = progress.summary
        observer.clientCallEnded(
            method, service: self.service, replica: replica, code: code,
            duration: .nanoseconds(Int64(Deadline.now.nanoseconds - start.nanoseconds)), attempts: attempts)
    }

    private func end(_ span: TraceSpan, _ progress: CallProgress, _ code: MeshError.Code?) {
        let (replica, attempts) = progress.summary
        span.set(SpanAttribute("rpc.system", "duet"), SpanAttribute("duet.service", self.service), SpanAttribute("duet.attempts", attempts))
        if let replica { span.set(SpanAttribute("duet.replica", replica)) }
        if let code { span.fail("\(code)") }
        span.end()
    }

    /// Tells observers, and notes it on the call's span.
    private func event(_ event: MeshClientEvent, _ method: MethodDescriptor, _ progress: CallProgress) {
        self.event(event, method)
        progress.span?.event(event.rawValue)
    }

    private func intercepted(
        _ method: MethodDescriptor, _ request: some MeshMessage, _ shard: ShardKey?, _ context: CallContext, _ progress: CallProgress
    ) async throws(MeshError) -> MessageBuffer {
        let box = MessageBox()
        var chain: @Sendable (CallContext) async throws(MeshError) -> Void = { (context) async throws(MeshError) in
            box.put(try await self.attempts(method, request, shard, context, progress))
        }
        for interceptor in self.configuration.interceptors.reversed() {
            let next = chain
            chain = { (context) async throws(MeshError) in try await interceptor(method, context, next) }
        }
        try await chain(context)
        guard let reply = box.take() else { throw MeshError(.internal, "an interceptor let no call through and threw nothing") }
        return reply
    }

    private func attempts(
        _ method: MethodDescriptor, _ request: some MeshMessage, _ shard: ShardKey?, _ context: CallContext, _ progress: CallProgress
    ) async throws(MeshError) -> MessageBuffer {
        var failed: Replica?
        var attempt = 0
        var unsent = 0
        while true {
            if context.deadline.isExpired { throw MeshError(.deadlineExceeded, "no time was left for \(method.fullName)") }
            let message = try self.encode(method, request, context)
            let chosen = try await self.replica(
                for: method, shard, excluding: failed, isFirst: attempt + unsent == 0, until: context.deadline)
            let replica = chosen.replica
            if !chosen.shadows.isEmpty { self.mirror(method, request, context, to: chosen.shadows) }
            attempt += 1
            progress.asked(replica.endpoint.name)
            let hedge = chosen.hedgeDelay.map { delay in
                Hedge(after: delay) { waited in self.secondAttempt(method, request, context, progress, besides: replica, after: waited) }
            }
            let start = Deadline.now
            let failure: MeshError
            let cancellation = method.isHeavy ? Self.cancellation(method, context) : nil
            switch await replica.call(message, deadline: context.deadline, cancellation: cancellation, hedge: hedge) {
            case .reply(let reply, let envelope):
                if let hedge, hedge.end() { self.event(.hedgeWon, method, progress) }
                guard envelope.status != 0 else {
                    self.attemptEnded(nil, chosen, since: start)
                    return reply
                }
                let error = MessageCoder.decodeError(reply, envelope)
                self.attemptEnded(error.code, chosen, since: start)
                guard envelope.flags.contains(.refused) else { throw error }
                failure = error
            case .failure(let error):
                _ = hedge?.end()
                self.attemptEnded(error.code, chosen, since: start)
                throw error
            case .unavailable(let error):
                self.attemptEnded(error.code, chosen, since: start)
                let reply = await hedge?.remainder()
                _ = hedge?.end()
                if let reply { return reply.take() }
                self.discovery.refresh()
                failure = error
            case .notSent(let error):
                _ = hedge?.end()
                // It says nothing about the callee.
                self.attemptEnded(.cancelled, chosen, since: start)
                self.discovery.refresh()
                guard unsent < Self.maximumUnsent else { throw error }
                (attempt, unsent, failed) = (attempt - 1, unsent + 1, replica)
                continue
            }
            try await self.waitToRetry(method, after: attempt, failure, context, progress)
            failed = replica
            self.logger.debug("retrying", metadata: ["method": "\(method.fullName)", "failed.replica": "\(replica.endpoint.name)"])
        }
    }

    /// How often a call may find that the replica chosen for it is just going.
    private static var maximumUnsent: Int { 16 }

    /// - Throws: The failure, when the call isn't to be made again.
    private func waitToRetry(
        _ method: MethodDescriptor, after attempt: Int, _ failure: MeshError, _ context: CallContext, _ progress: CallProgress
    ) async throws(MeshError) {
        let policy = self.configuration.retries
        let (delay, isPaid) = self.mutex.withLock { state in
            let delay = policy.delay(
                afterAttempt: attempt, of: method, remaining: context.deadline.remaining, using: &state.balancer.generator)
            return (delay, delay != nil && state.budget.withdraw(at: .now))
        }
        guard let delay else { throw failure }
        guard isPaid else {
            self.event(.retryDenied, method, progress)
            throw failure
        }
        self.event(.retried, method, progress)
        if delay > .zero {
            do { try await Task.sleep(for: delay) } catch { throw MeshError(.cancelled, "the caller gave up") }
        }
    }

    /// What tells a server that the caller has given up.
    private static func cancellation(_ method: MethodDescriptor, _ context: CallContext) -> Envelope {
        Envelope(
            kind: .cancel, method: method.id, instant: context.deadline.nanoseconds, traceHigh: context.trace.traceHigh,
            traceLow: context.trace.traceLow, span: context.trace.span)
    }

    /// Whether another replica than the first is asked: if it is likely to be quicker, and the budget has it.
    private func secondAttempt(
        _ method: MethodDescriptor, _ request: some MeshMessage, _ context: CallContext, _ progress: CallProgress, besides first: Replica,
        after waited: UInt64
    ) -> Hedge.Answer {
        let now = Deadline.now
        guard now < context.deadline else { return .never }
        let (second, decision) = self.mutex.withLock { state -> (Replica?, HedgeDecision) in
            guard case .replica(let second) = state.replicas.pick(shard: nil, excluding: first, using: &state.balancer, at: now),
                second !== first
            else { return (nil, .never) }
            let decision = HedgeDecision(
                waited: waited, cost: second.cost(at: now), remaining: context.deadline.nanoseconds - now.nanoseconds)
            if decision == .ask, !state.budget.withdraw(at: now) { return (nil, .never) }
            return (second, decision)
        }
        switch decision {
        case .never: return .never
        case .later(let nanoseconds): return .later(nanoseconds)
        case .ask:
            guard let second else { return .never }
            return .ask { await self.secondCall(method, request, context, progress, to: second) }
        }
    }

    private func secondCall(
        _ method: MethodDescriptor, _ request: some MeshMessage, _ context: CallContext, _ progress: CallProgress, to second: Replica
    ) async -> RawMessage? {
        // The first may have been answered while this task was on its way.
        guard !Task.isCancelled, let message = try? self.encode(method, request, context) else { return nil }
        self.event(.hedged, method, progress)
        let cancellation = method.isHeavy ? Self.cancellation(method, context) : nil
        guard case .reply(let reply, let envelope) = await second.call(message, deadline: context.deadline, cancellation: cancellation),
            envelope.status == 0
        else { return nil }
        return RawMessage(reply)
    }

    /// Sends copies whose replies nobody reads.
    private func mirror(_ method: MethodDescriptor, _ request: some MeshMessage, _ context: CallContext, to shadows: [Replica]) {
        var copy = context
        copy.isShadow = true
        for shadow in shadows {
            guard let message = try? self.encode(method, request, copy) else { return }
            let raw = RawMessage(message)
            self.event(.shadowed, method)
            // Nobody awaits it: it ends at the call's deadline at the latest, and the replica bounds how many there are.
            Task { _ = await shadow.call(raw.take(), deadline: context.deadline) }
        }
    }

    private func encode(
        _ method: MethodDescriptor, _ request: some MeshMessage, _ context: CallContext
    ) throws(MeshError) -> MessageBuffer {
        let metadata = try Metadata.encode(context.metadata)
        var flags: Envelope.Flags = []
        if method.isIdempotent { flags.insert(.idempotent) }
        if context.trace.sampled { flags.insert(.sampled) }
        if context.isShadow { flags.insert(.shadow) }
        let envelope = Envelope(
            kind: .call,
            flags: flags,
            method: method.id,
            instant: context.deadline.nanoseconds,
            traceHigh: context.trace.traceHigh,
            traceLow: context.trace.traceLow,
            span: context.trace.span,
            metadataCount: UInt16(metadata.count))
        return try MessageCoder.encode(
            request, envelope: envelope, metadata: metadata, limit: self.configuration.maximumMessageSize)
    }

    private static func response<Response: MeshMessage>(
        _ type: Response.Type, from reply: borrowing MessageBuffer
    ) throws(MeshError) -> Response {
        do {
            return try MessageCoder.decode(reply)
        } catch {
            throw MeshError(.internal, "the reply can't be read: \(error.message)")
        }
    }
}
