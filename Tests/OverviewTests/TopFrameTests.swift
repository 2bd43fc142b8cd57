import Overview
import Testing

@Suite("A frame of duet top")
struct TopFrameTests {
    private static func snapshot(ok: Int, failed: Int, hits: Int, misses: Int, redis: Int = 1) -> MetricsSnapshot {
        var snapshot = MetricsSnapshot()
        snapshot.add(
            """
            duet_http_requests_total{method="GET",route="/a",status="200"} \(ok)
            duet_http_requests_total{method="GET",route="/a",status="503"} \(failed)
            duet_http_request_seconds_bucket{route="/a",le="0.01"} \(ok)
            duet_http_request_seconds_bucket{route="/a",le="+Inf"} \(ok + failed)
            duet_recommendation_cache_total{outcome="hit"} \(hits)
            duet_recommendation_cache_total{outcome="miss"} \(misses)
            duet_recommendation_generation_seconds_count \(misses)
            duet_dependency_up{dependency="database"} 1
            duet_dependency_up{dependency="redis"} \(redis)
            duet_candidate_log_lag_seconds 0.25
            duet_ranking_model_age_seconds 7200
            """)
        return snapshot
    }

    @Test("Rates are over the time between two looks")
    func rates() {
        let frame = TopFrame(
            now: Self.snapshot(ok: 190, failed: 10, hits: 75, misses: 25), earlier: Self.snapshot(ok: 100, failed: 0, hits: 0, misses: 0),
            seconds: 2, replicas: [])
        #expect(frame.requestsPerSecond == 50 && frame.errorRate == 0.1 && frame.hitRate == 0.75 && frame.degradedRate == 0)
        #expect(frame.p50Milliseconds.map { abs($0 - 10 * 50 / 90) < 1e-9 } == true)
        #expect(frame.logLagSeconds == 0.25 && frame.modelAgeSeconds == 7200 && frame.unreachable == [])
    }

    @Test("A gateway that was started anew counts from zero, not backwards")
    func restart() {
        let frame = TopFrame(
            now: Self.snapshot(ok: 20, failed: 0, hits: 0, misses: 0), earlier: Self.snapshot(ok: 5000, failed: 9, hits: 9, misses: 9),
            seconds: 1, replicas: [])
        #expect(frame.requestsPerSecond == 20 && frame.errorRate == 0)
    }

    @Test("Without traffic there are no shares and no percentiles")
    func silence() {
        let snapshot = Self.snapshot(ok: 5, failed: 1, hits: 2, misses: 2)
        let frame = TopFrame(now: snapshot, earlier: snapshot, seconds: 1, replicas: [])
        #expect(frame.requestsPerSecond == 0 && frame.errorRate == nil && frame.hitRate == nil && frame.p99Milliseconds == nil)
        #expect(frame.lines.first == "0.0 req/s")
    }

    @Test("The lines hold traffic, freshness, who is away, and a row a replica")
    func lines() {
        var busy = TopFrame.Replica(name: "ranking-1", pid: 42, state: "running", restarts: 1)
        busy.inFlight = 3
        busy.latencyMicroseconds = 1540
        busy.cpuPercent = 37.4
        busy.residentBytes = 64 << 20
        let frame = TopFrame(
            now: Self.snapshot(ok: 190, failed: 10, hits: 75, misses: 25, redis: 0),
            earlier: Self.snapshot(ok: 100, failed: 0, hits: 0, misses: 0), seconds: 2,
            replicas: [busy, TopFrame.Replica(name: "ranking-2", pid: nil, state: "waiting", restarts: 4)])
        #expect(
            frame.lines == [
                "50 req/s   p50 5.6  p95 10.0  p99 10.0 ms   errors 10.0 %   hits 75.0 %   degraded 0.0 %",
                "log read to 250 ms ago, model made 2:00:00 h ago",
                "✗ redis can't be reached by every process: duet status says by which.",
                "",
                "replica    pid  state    restarts  in flight     ewma   cpu  memory",
                "ranking-1   42  running         1          3  1.54 ms  37 %  64 MiB",
                "ranking-2    –  waiting         4          –        –     –       –",
            ])
    }
}
