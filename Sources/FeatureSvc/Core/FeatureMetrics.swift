package import Telemetry

/// What the feature store counts.
package struct FeatureMetrics: Sendable {
    let calls: Counter
    let describeCalls: Counter
    let seconds: Histogram
    let localHits: Counter
    let sharedHits: Counter
    let storeReads: Counter
    let stale: Counter
    let consumed: Counter
    let consumerPosition: Gauge
    let consumerActive: Gauge
    let lag = LagWatch()

    package init(_ registry: MetricsRegistry) {
        let lookups = { place in
            registry.counter("duet_feature_lookups_total", "People looked up, by where they were found.", labels: [("place", place)])
        }
        let calls = { method in
            registry.counter("duet_feature_calls_total", "Calls answered by the feature store.", labels: [("method", method)])
        }
        self.calls = calls("GetFeatures")
        self.describeCalls = calls("DescribeFeatures")
        self.seconds = registry.histogram("duet_feature_call_seconds", "Time to answer GetFeatures.")
        self.localHits = lookups("process")
        self.sharedHits = lookups("redis")
        self.storeReads = lookups("postgres")
        self.stale = registry.counter("duet_feature_stale_total", "People answered with old features, as the store was away.")
        self.consumed = registry.counter("duet_feature_interactions_total", "Interactions counted into features.")
        self.consumerPosition = registry.gauge("duet_feature_log_position", "Transaction up to which interactions are counted.")
        self.consumerActive = registry.gauge("duet_feature_consumer_active", "1 while this process counts interactions.")
        registry.gauge(
            "duet_feature_log_lag_seconds", "Age of the newest moment whose interactions are counted; 0 where another process counts."
        ) { [lag, consumerActive] in consumerActive.value > 0 ? lag.lag / .seconds(1) : 0 }
    }
}
