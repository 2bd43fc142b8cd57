internal import Postgres

extension Storage {
    /// Erasing a person.
    static let erasure = Migration(
        number: 7, name: "erasure",
        sql: #"""
            -- Removes a person and every row about them; all null if they do not exist. Only the receipt, with the bare identifier, stays:
            -- readers of the people's log learn of the erasure from it.
            CREATE FUNCTION erase_user(p_user bigint, OUT receipt uuid, OUT requested_at timestamptz)
                LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_advisory_xact_lock_shared(lock_log());
                PERFORM pg_advisory_xact_lock(lock_person(p_user));
                -- Also puts erasures in order: two people of one pair would wait for each other's rows.
                PERFORM pg_advisory_xact_lock(lock_derived());

                DELETE FROM users WHERE id = p_user;
                IF NOT FOUND THEN
                    RETURN;
                END IF;
                DELETE FROM interactions WHERE user_id = p_user OR target_user_id = p_user;
                DELETE FROM pair_states WHERE user_id = p_user OR target_user_id = p_user;
                DELETE FROM matches WHERE low = p_user OR high = p_user;
                DELETE FROM match_events WHERE user_id = p_user OR other_id = p_user;
                DELETE FROM user_features WHERE user_id = p_user;
                DELETE FROM user_embeddings WHERE user_id = p_user;
                DELETE FROM external_ids WHERE user_id = p_user;
                DELETE FROM serving_log WHERE user_id = p_user;
                UPDATE serving_log SET shown = array_replace(shown, p_user, 0) WHERE shown @> ARRAY[p_user];

                INSERT INTO erasures AS e (user_id) VALUES (p_user)
                RETURNING e.receipt, e.requested_at INTO erase_user.receipt, erase_user.requested_at;
            END
            $$;
            """#)
}
