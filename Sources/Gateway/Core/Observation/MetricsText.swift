/// Reads the few families that the overview needs out of a process's metrics.
enum MetricsText {
    /// Only ever grow while a process lives.
    static let counters: Set<String> = [
        "duet_http_requests_total", "duet_http_request_seconds_bucket", "duet_http_request_seconds_count", "duet_recommendation_cache_total",
        "duet_recommendation_degraded_total", "duet_recommendation_generation_seconds_count", "duet_recommendation_stage_seconds_sum",
        "duet_recommendation_stage_seconds_count", "duet_recommendation_list_length_sum", "duet_recommendation_list_length_count",
        "duet_interactions_total", "duet_recommendation_survivors_total", "duet_candidate_proposed_total", "duet_candidate_kept_total",
        "duet_mesh_client_calls_total",
        "duet_mesh_client_events_total", "duet_mesh_server_shed_total", "process_cpu_seconds_total",
    ]

    /// Of the moment.
    static let gauges: Set<String> = [
        "duet_candidate_log_lag_seconds", "duet_feature_log_lag_seconds", "duet_candidate_log_position", "duet_feature_log_position",
        "duet_candidate_people", "duet_ranking_model_age_seconds", "duet_ranking_model_quality_ratio", "duet_dependency_up",
        "duet_feature_consumer_active", "duet_http_requests_in_flight", "process_resident_memory_bytes", "process_start_time_seconds",
    ]

    /// Series with their labels, as they stand in the text, by value.
    static func parse(_ text: String) -> (counters: [String: Double], gauges: [String: Double]) {
        var counters: [String: Double] = [:]
        var gauges: [String: Double] = [:]
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            let end = line.firstIndex { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: " ") } ?? line.endIndex
            let family = String(Substring(line[..<end]))
            let isCounter = Self.counters.contains(family)
            guard isCounter || Self.gauges.contains(family), let space = line.lastIndex(of: UInt8(ascii: " ")),
                let value = Double(Substring(line[line.index(after: space)...])), value.isFinite
            else { continue }
            let series = String(Substring(line[..<space]))
            if isCounter { counters[series] = value } else { gauges[series] = value }
        }
        return (counters, gauges)
    }
}
