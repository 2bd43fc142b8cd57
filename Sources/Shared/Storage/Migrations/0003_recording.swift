internal import Postgres

extension Storage {
    /// Recording one interaction, lifting a block.
    static let recording = Migration(
        number: 3, name: "recording",
        sql: #"""
            -- Records one interaction in one round trip. `p_occurred_at` null means now. With people missing nothing is written.
            --
            -- The opinion is a last-writer-wins register over the time of the event; a time in the future counts as now, or it would
            -- shut out everything that follows. Blocks and reports stay whatever comes later.
            CREATE FUNCTION record_interaction(
                p_user bigint, p_target bigint, p_kind smallint, p_occurred_at timestamptz, p_context jsonb,
                OUT recorded_id bigint, OUT recorded_at timestamptz, OUT matched boolean, OUT recorded_xid xid8, OUT missing bigint[]
            ) LANGUAGE plpgsql AS $$
            DECLARE
                effective timestamptz;
                own record;
                other record;
                open boolean := false;
            BEGIN
                IF p_kind = 7 THEN
                    RAISE check_violation USING MESSAGE = 'a block is lifted by lift_block() alone';
                END IF;
                PERFORM pg_advisory_xact_lock_shared(lock_log()), pg_advisory_xact_lock(lock_pair(p_user, p_target)),
                    pg_advisory_xact_lock_shared(lock_person(p_user)), pg_advisory_xact_lock_shared(lock_person(p_target));

                -- Oneself is left to the table's check.
                IF (SELECT count(*) FROM users AS u WHERE u.id IN (p_user, p_target) AND u.banned_at IS NULL) < 2 AND p_user <> p_target THEN
                    missing := ARRAY(
                        SELECT p.id FROM unnest(ARRAY[p_user, p_target]) AS p(id)
                        WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.id = p.id AND u.banned_at IS NULL));
                    RETURN;
                END IF;

                -- Read after the locks: the order of times is the order of the writes.
                effective := clock_timestamp();
                recorded_at := coalesce(p_occurred_at, effective);
                effective := least(recorded_at, effective);

                INSERT INTO interactions AS i (user_id, target_user_id, kind, occurred_at, context)
                VALUES (p_user, p_target, p_kind, recorded_at, coalesce(p_context, '{}'))
                RETURNING i.id, i.xid INTO recorded_id, recorded_xid;

                INSERT INTO pair_states AS s (user_id, target_user_id, opinion, blocked, reported, updated_at)
                VALUES (p_user, p_target, CASE WHEN p_kind NOT IN (4, 5) THEN p_kind END, p_kind = 4, p_kind = 5, effective)
                ON CONFLICT (user_id, target_user_id) DO UPDATE SET
                    opinion = CASE WHEN excluded.updated_at >= s.updated_at THEN excluded.opinion ELSE s.opinion END,
                    blocked = s.blocked OR excluded.blocked,
                    reported = s.reported OR excluded.reported,
                    updated_at = greatest(s.updated_at, excluded.updated_at),
                    version = s.version + 1
                RETURNING s.opinion, s.blocked OR s.reported AS severed INTO own;

                SELECT s.opinion, s.blocked OR s.reported AS severed INTO other
                FROM pair_states AS s
                WHERE s.user_id = p_target AND s.target_user_id = p_user;

                matched := false;
                IF FOUND THEN  -- Without a row of the other's there is nothing to open or to end.
                    open := coalesce(own.opinion IN (1, 3) AND other.opinion IN (1, 3), false) AND NOT own.severed AND NOT other.severed;
                    IF open THEN
                        INSERT INTO matches AS m (low, high, created_at)
                        VALUES (least(p_user, p_target), greatest(p_user, p_target), effective)
                        ON CONFLICT (low, high) DO UPDATE SET created_at = excluded.created_at, ended_at = NULL
                        WHERE m.ended_at IS NOT NULL;
                        matched := FOUND;
                    ELSE
                        UPDATE matches AS m SET ended_at = greatest(m.created_at, effective)
                        WHERE m.low = least(p_user, p_target) AND m.high = greatest(p_user, p_target) AND m.ended_at IS NULL;
                    END IF;
                END IF;

                -- Last, so that the person's row is locked for as short as can be.
                UPDATE users AS u SET last_active_at = effective
                WHERE u.id = p_user AND (u.last_active_at IS NULL OR u.last_active_at < effective);
            END
            $$;

            -- Lifts the blocker's own block. Their like, if they gave one meanwhile, goes with it: a match needs a new one.
            -- The log tells its readers (kind 7), or their copies would hide the pair for ever.
            CREATE FUNCTION lift_block(p_blocker bigint, p_blocked bigint) RETURNS boolean
                LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_advisory_xact_lock_shared(lock_log()), pg_advisory_xact_lock(lock_pair(p_blocker, p_blocked)),
                    pg_advisory_xact_lock_shared(lock_person(p_blocker)), pg_advisory_xact_lock_shared(lock_person(p_blocked));
                UPDATE pair_states AS s SET
                    blocked = false,
                    opinion = CASE WHEN s.opinion NOT IN (1, 3) THEN s.opinion END,
                    updated_at = greatest(s.updated_at, clock_timestamp()),
                    version = s.version + 1
                WHERE s.user_id = p_blocker AND s.target_user_id = p_blocked AND s.blocked;
                IF NOT FOUND THEN
                    RETURN false;
                END IF;
                INSERT INTO interactions (user_id, target_user_id, kind, occurred_at)
                VALUES (p_blocker, p_blocked, 7, clock_timestamp());
                RETURN true;
            END
            $$;
            """#)
}
