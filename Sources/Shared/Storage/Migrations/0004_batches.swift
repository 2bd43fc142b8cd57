internal import Postgres

extension Storage {
    /// Recording many interactions at once.
    static let batches = Migration(
        number: 4, name: "batches",
        sql: #"""
            -- Records the rows of the caller's temporary table
            --     staged_interactions(ordinal bigint, user_id bigint, target_user_id bigint, kind smallint, occurred_at timestamptz,
            --                         context jsonb)
            -- and leaves it empty. The result is that of record_interaction() called in order of (occurred_at, ordinal), save that
            -- exact repetitions of (user, target, kind, occurred_at) are skipped, so that an import may be resumed or repeated.
            -- `refused` counts rows that name unknown people, oneself or an unknown kind.
            -- Other writers of the log wait until the caller commits: keep it to 10,000 rows.
            CREATE FUNCTION apply_interactions_batch(OUT inserted bigint, OUT duplicates bigint, OUT refused bigint)
                LANGUAGE plpgsql AS $$
            DECLARE
                present timestamptz;
            BEGIN
                PERFORM pg_advisory_xact_lock(lock_log());
                present := clock_timestamp();

                DELETE FROM staged_interactions AS s
                WHERE s.user_id = s.target_user_id OR s.kind NOT BETWEEN 1 AND 6
                    OR NOT EXISTS (SELECT FROM users AS u WHERE u.id = s.user_id)
                    OR NOT EXISTS (SELECT FROM users AS u WHERE u.id = s.target_user_id);
                GET DIAGNOSTICS refused = ROW_COUNT;

                UPDATE staged_interactions AS s SET occurred_at = present WHERE s.occurred_at IS NULL;
                DELETE FROM staged_interactions AS s
                USING (
                    SELECT r.ctid AS place,
                        row_number() OVER (PARTITION BY r.user_id, r.target_user_id, r.kind, r.occurred_at ORDER BY r.ordinal) AS repetition
                    FROM staged_interactions AS r
                ) AS numbered
                WHERE s.ctid = numbered.place
                    AND (numbered.repetition > 1 OR EXISTS (
                        SELECT FROM interactions AS i
                        WHERE i.user_id = s.user_id AND i.occurred_at = s.occurred_at
                            AND i.target_user_id = s.target_user_id AND i.kind = s.kind));
                GET DIAGNOSTICS duplicates = ROW_COUNT;

                INSERT INTO interactions (user_id, target_user_id, kind, occurred_at, context)
                SELECT s.user_id, s.target_user_id, s.kind, s.occurred_at, coalesce(s.context, '{}')
                FROM staged_interactions AS s
                ORDER BY s.occurred_at, s.ordinal;
                GET DIAGNOSTICS inserted = ROW_COUNT;

                PERFORM fold_matches(present);

                INSERT INTO pair_states AS p (user_id, target_user_id, opinion, blocked, reported, updated_at, version)
                SELECT s.user_id, s.target_user_id,
                    (array_agg(CASE WHEN s.kind NOT IN (4, 5) THEN s.kind END ORDER BY s.occurred_at DESC, s.ordinal DESC))[1],
                    bool_or(s.kind = 4), bool_or(s.kind = 5), max(least(s.occurred_at, present)), count(*)
                FROM staged_interactions AS s
                GROUP BY s.user_id, s.target_user_id
                ON CONFLICT (user_id, target_user_id) DO UPDATE SET
                    opinion = CASE WHEN excluded.updated_at >= p.updated_at THEN excluded.opinion ELSE p.opinion END,
                    blocked = p.blocked OR excluded.blocked,
                    reported = p.reported OR excluded.reported,
                    updated_at = greatest(p.updated_at, excluded.updated_at),
                    version = p.version + excluded.version;

                UPDATE users AS u SET last_active_at = a.latest
                FROM (
                    SELECT s.user_id, max(least(s.occurred_at, present)) AS latest FROM staged_interactions AS s GROUP BY s.user_id
                ) AS a
                WHERE u.id = a.user_id AND (u.last_active_at IS NULL OR u.last_active_at < a.latest);

                DELETE FROM staged_interactions;
            END
            $$;

            -- Replays the staged events of every pair that has, or may get, a match, from the states before the batch, and writes the
            -- match that results. Part of apply_interactions_batch().
            CREATE FUNCTION fold_matches(present timestamptz) RETURNS void
                LANGUAGE plpgsql AS $$
            BEGIN
                WITH event AS (
                    SELECT least(s.user_id, s.target_user_id) AS low, greatest(s.user_id, s.target_user_id) AS high,
                        s.user_id < s.target_user_id AS from_low, s.kind, least(s.occurred_at, present) AS at,
                        row_number() OVER (
                            PARTITION BY least(s.user_id, s.target_user_id), greatest(s.user_id, s.target_user_id)
                            ORDER BY s.occurred_at, s.ordinal) AS turn
                    FROM staged_interactions AS s
                ), pair AS MATERIALIZED (
                    -- Both directions must have acted, now or before: few pairs of an import pass.
                    SELECT e.low, e.high,
                        l.opinion IN (1, 3) AS low_likes, l.updated_at AS low_at,
                        h.opinion IN (1, 3) AS high_likes, h.updated_at AS high_at,
                        coalesce(l.blocked OR l.reported, false) OR coalesce(h.blocked OR h.reported, false) AS severed,
                        coalesce(m.low IS NOT NULL AND m.ended_at IS NULL, false) AS open
                    FROM (
                        SELECT low, high, bool_or(from_low) AS by_low, bool_or(NOT from_low) AS by_high FROM event GROUP BY low, high
                    ) AS e
                    LEFT JOIN pair_states AS l ON (l.user_id, l.target_user_id) = (e.low, e.high)
                    LEFT JOIN pair_states AS h ON (h.user_id, h.target_user_id) = (e.high, e.low)
                    LEFT JOIN matches AS m ON (m.low, m.high) = (e.low, e.high)
                    WHERE (e.by_low OR l.user_id IS NOT NULL) AND (e.by_high OR h.user_id IS NOT NULL)
                ), state AS (
                    -- The latest opinion of each direction as of each event: the turn in the upper bits, whether it is a like in the last.
                    SELECT p.low, p.high, e.at, e.turn, p.open AS open_before,
                        coalesce(max(CASE WHEN e.from_low AND e.at >= coalesce(p.low_at, '-infinity')
                                          THEN e.turn * 2 + (e.kind IN (1, 3))::int END) OVER past % 2 = 1, p.low_likes, false)
                        AND coalesce(max(CASE WHEN NOT e.from_low AND e.at >= coalesce(p.high_at, '-infinity')
                                              THEN e.turn * 2 + (e.kind IN (1, 3))::int END) OVER past % 2 = 1, p.high_likes, false)
                        AND NOT p.severed AND NOT bool_or(e.kind IN (4, 5)) OVER past AS open
                    FROM pair AS p JOIN event AS e USING (low, high)
                    WINDOW past AS (PARTITION BY p.low, p.high ORDER BY e.turn ROWS UNBOUNDED PRECEDING)
                ), step AS (
                    SELECT s.*, lag(s.open, 1, s.open_before) OVER (PARTITION BY s.low, s.high ORDER BY s.turn) AS was_open FROM state AS s
                ), outcome AS (
                    SELECT low, high, max(at) FILTER (WHERE open AND NOT was_open) AS opened,
                        max(at) FILTER (WHERE was_open AND NOT open) AS ended,
                        (array_agg(open ORDER BY turn DESC))[1] AS open
                    FROM step GROUP BY low, high
                )
                INSERT INTO matches AS m (low, high, created_at, ended_at)
                SELECT o.low, o.high, coalesce(o.opened, was.created_at),
                    CASE WHEN NOT o.open THEN greatest(coalesce(o.opened, was.created_at), coalesce(o.ended, was.ended_at)) END
                FROM outcome AS o LEFT JOIN matches AS was ON (was.low, was.high) = (o.low, o.high)
                WHERE o.opened IS NOT NULL OR o.ended IS NOT NULL
                ON CONFLICT (low, high) DO UPDATE SET created_at = excluded.created_at, ended_at = excluded.ended_at;
            END
            $$;
            """#)
}
