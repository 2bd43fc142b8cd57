internal import Postgres

extension Storage {
    /// Ratios of the business, and when the summaries are due.
    static let business = Migration(
        number: 13, name: "business",
        sql: #"""
            -- Ratios of the last seven days, as old as the last refresh; without a row where there is nothing to divide.
            CREATE MATERIALIZED VIEW business_metrics AS
                WITH acted AS (
                    SELECT user_id, target_user_id, kind, occurred_at FROM interactions WHERE occurred_at > now() - interval '7 days'
                ), shown AS MATERIALIZED (
                    SELECT l.user_id, s.id AS target_user_id, min(l.served_at) AS served_at, count(*) AS times
                    FROM serving_log AS l CROSS JOIN LATERAL unnest(l.shown) AS s(id)
                    WHERE l.served_at > now() - interval '7 days' AND s.id > 0
                    GROUP BY 1, 2
                ), exposure AS (
                    SELECT coalesce(sum(s.times), 0) AS times FROM users AS u LEFT JOIN shown AS s ON s.target_user_id = u.id GROUP BY u.id
                ), ranked AS (
                    SELECT times, row_number() OVER (ORDER BY times) AS place, count(*) OVER () AS people, sum(times) OVER () AS total
                    FROM exposure
                ), before AS (
                    SELECT DISTINCT user_id FROM interactions
                    WHERE occurred_at > now() - interval '14 days' AND occurred_at <= now() - interval '7 days'
                ), back AS (
                    SELECT DISTINCT user_id FROM acted
                ), liked AS (
                    SELECT user_id, target_user_id, max(occurred_at) AS liked_at FROM acted WHERE kind IN (1, 3) GROUP BY 1, 2
                ), ratios (name, value) AS (
                    -- Of the judgements, the share that are likes.
                    SELECT 'like_rate', count(*) FILTER (WHERE kind IN (1, 3))::float8 / nullif(count(*) FILTER (WHERE kind IN (1, 2, 3)), 0)
                    FROM acted
                    UNION ALL
                    -- Of the likes, the share by which two matched.
                    SELECT 'match_rate', (SELECT count(*) FROM matches WHERE created_at > now() - interval '7 days')::float8
                        / nullif(count(*) FILTER (WHERE kind IN (1, 3)), 0)
                    FROM acted
                    UNION ALL
                    -- Of the people shown, the share that the viewer liked afterwards.
                    SELECT 'acceptance_rate', avg((coalesce(l.liked_at >= s.served_at, false))::int)::float8
                    FROM shown AS s LEFT JOIN liked AS l USING (user_id, target_user_id)
                    UNION ALL
                    -- Of all people, the share that did something.
                    SELECT 'engagement', count(*)::float8 / nullif((SELECT count(*) FROM users), 0) FROM back
                    UNION ALL
                    -- Of those who did something the week before, the share that did something again.
                    SELECT 'retention', count(k.user_id)::float8 / nullif(count(*), 0) FROM before AS b LEFT JOIN back AS k USING (user_id)
                    UNION ALL
                    -- 0: everybody is shown as often; 1: one person alone.
                    SELECT 'exposure_gini', (2 * sum(place * times) / nullif(max(people) * max(total), 0)
                        - (max(people) + 1)::numeric / nullif(max(people), 0))::float8
                    FROM ranked
                )
                SELECT name, value FROM ratios WHERE value IS NOT NULL;
            CREATE UNIQUE INDEX business_metrics_name ON business_metrics (name);

            CREATE TABLE statistics_refreshes (
                singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
                refreshed_at timestamptz NOT NULL,
                took interval NOT NULL
            );

            CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void
                LANGUAGE plpgsql AS $$
            DECLARE
                start timestamptz := clock_timestamp();
            BEGIN
                REFRESH MATERIALIZED VIEW CONCURRENTLY interaction_statistics;
                REFRESH MATERIALIZED VIEW CONCURRENTLY daily_metrics;
                REFRESH MATERIALIZED VIEW CONCURRENTLY business_metrics;
                INSERT INTO statistics_refreshes AS r (refreshed_at, took) VALUES (clock_timestamp(), clock_timestamp() - start)
                ON CONFLICT (singleton) DO UPDATE SET refreshed_at = excluded.refreshed_at, took = excluded.took;
            END
            $$;

            -- Every ten minutes, and never more than a fiftieth of the time.
            CREATE FUNCTION refresh_statistics_when_due() RETURNS boolean
                LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (
                    SELECT FROM statistics_refreshes WHERE refreshed_at > now() - greatest(interval '10 minutes', 50 * took)
                ) OR NOT pg_try_advisory_xact_lock(4923014304) THEN
                    RETURN false;
                END IF;
                PERFORM refresh_statistics();
                RETURN true;
            END
            $$;
            """#)
}
