internal import Postgres

extension Storage {
    /// Aggregates for dashboards; as old as the last refresh.
    static let statistics = Migration(
        number: 8, name: "statistics",
        sql: #"""
            CREATE MATERIALIZED VIEW interaction_statistics AS
                SELECT user_id, kind, sum(sent)::bigint AS sent, sum(received)::bigint AS received
                FROM (
                    SELECT user_id, kind, count(*) AS sent, 0 AS received FROM interactions GROUP BY user_id, kind
                    UNION ALL
                    SELECT target_user_id, kind, 0, count(*) FROM interactions GROUP BY target_user_id, kind
                ) AS both_ways
                GROUP BY user_id, kind;
            CREATE UNIQUE INDEX interaction_statistics_key ON interaction_statistics (user_id, kind);

            -- By day of UTC.
            CREATE MATERIALIZED VIEW daily_metrics AS
                WITH acted AS (
                    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, count(*) AS interactions, count(DISTINCT user_id) AS active_users,
                        count(*) FILTER (WHERE kind IN (1, 3)) AS likes, count(*) FILTER (WHERE kind = 2) AS dislikes,
                        count(*) FILTER (WHERE kind IN (4, 5)) AS blocks_and_reports
                    FROM interactions GROUP BY 1
                ), joined AS (
                    SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS new_users FROM users GROUP BY 1
                ), matched AS (
                    SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS matches FROM matches GROUP BY 1
                ), served AS (
                    SELECT (served_at AT TIME ZONE 'UTC')::date AS day, count(*) AS answers,
                        count(*) FILTER (WHERE cached) AS cached_answers,
                        count(*) FILTER (WHERE cardinality(degraded) > 0) AS degraded_answers
                    FROM serving_log GROUP BY 1
                )
                SELECT day, coalesce(interactions, 0) AS interactions, coalesce(active_users, 0) AS active_users,
                    coalesce(likes, 0) AS likes, coalesce(dislikes, 0) AS dislikes, coalesce(blocks_and_reports, 0) AS blocks_and_reports,
                    coalesce(new_users, 0) AS new_users, coalesce(matches, 0) AS matches, coalesce(answers, 0) AS answers,
                    coalesce(cached_answers, 0) AS cached_answers, coalesce(degraded_answers, 0) AS degraded_answers
                FROM acted FULL JOIN joined USING (day) FULL JOIN matched USING (day) FULL JOIN served USING (day);
            CREATE UNIQUE INDEX daily_metrics_day ON daily_metrics (day);

            -- Readers are not blocked meanwhile.
            CREATE FUNCTION refresh_statistics() RETURNS void
                LANGUAGE plpgsql AS $$
            BEGIN
                REFRESH MATERIALIZED VIEW CONCURRENTLY interaction_statistics;
                REFRESH MATERIALIZED VIEW CONCURRENTLY daily_metrics;
            END
            $$;
            """#)
}
