internal import Postgres

extension Storage {
    /// The interaction log, the state of each pair and the matches.
    static let interactionLog = Migration(
        number: 2, name: "interactions",
        sql: #"""
            -- Append-only. Kinds: 1 like, 2 dislike, 3 super like, 4 block, 5 report, 6 unmatch.
            -- No foreign keys to users: their checks would lock, and so rewrite, both people's rows at every like. Rows are written
            -- by record_interaction() and apply_interactions_batch() alone, which check existence under a lock that erasure respects.
            CREATE TABLE interactions (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                user_id bigint NOT NULL,
                target_user_id bigint NOT NULL,
                kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 7),
                occurred_at timestamptz NOT NULL DEFAULT now(),
                context jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(context) = 'object'),
                -- Identifiers are not in the order of commits. Readers of the log go by (xid, id) below the oldest running transaction.
                xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
                CHECK (user_id <> target_user_id)
            );
            CREATE INDEX interactions_log ON interactions (xid, id);
            CREATE INDEX interactions_sent ON interactions (user_id, occurred_at DESC, id DESC) INCLUDE (kind);
            CREATE INDEX interactions_received ON interactions (target_user_id, user_id, kind);

            -- What one person's history towards another amounts to; one row a direction.
            CREATE TABLE pair_states (
                user_id bigint NOT NULL,
                target_user_id bigint NOT NULL,
                -- The latest of 1 like, 2 dislike, 3 super like, 6 unmatched; null after a block or report took it back.
                opinion smallint CHECK (opinion IN (1, 2, 3, 6)),
                blocked boolean NOT NULL DEFAULT false,
                reported boolean NOT NULL DEFAULT false,
                -- When the latest of the events happened. An event that is recorded late, but happened earlier, leaves the opinion alone.
                updated_at timestamptz NOT NULL,
                -- Grows with every event of this direction.
                version bigint NOT NULL DEFAULT 1,
                PRIMARY KEY (user_id, target_user_id)
            ) WITH (fillfactor = 90);
            -- Not (target_user_id, user_id): the gate would be given it instead of the key, where a viewer's entries lie together.
            CREATE INDEX pair_states_received ON pair_states (target_user_id, updated_at DESC);
            -- The gate asks who severed themselves from the viewer: few rows, so the index is small and hot.
            CREATE INDEX pair_states_severed ON pair_states (target_user_id, user_id) WHERE blocked OR reported;

            -- Open (ended_at null) exactly while both opinions are positive and nothing severs the two.
            CREATE TABLE matches (
                low bigint NOT NULL,
                high bigint NOT NULL,
                created_at timestamptz NOT NULL,
                ended_at timestamptz,
                PRIMARY KEY (low, high),
                CHECK (low < high)
            );
            CREATE INDEX matches_high ON matches (high, low);

            -- What both sides of a match are told, a row each: it began, or it ended. Numbered along with the log, and read like it.
            CREATE TABLE match_events (
                id bigint PRIMARY KEY DEFAULT nextval('interactions_id_seq'),
                user_id bigint NOT NULL,
                other_id bigint NOT NULL,
                opened boolean NOT NULL,
                occurred_at timestamptz NOT NULL,
                xid xid8 NOT NULL DEFAULT pg_current_xact_id()
            );
            CREATE INDEX match_events_log ON match_events (xid, id);
            CREATE INDEX match_events_told ON match_events (user_id, xid, id);
            CREATE INDEX match_events_other ON match_events (other_id);
            -- The likes that a person received, in the order of the log.
            CREATE INDEX interactions_likes ON interactions (target_user_id, xid, id) WHERE kind IN (1, 3);

            CREATE FUNCTION note_match() RETURNS trigger
                LANGUAGE plpgsql AS $$
            DECLARE
                was_open boolean := CASE TG_OP WHEN 'UPDATE' THEN OLD.ended_at IS NULL ELSE false END;
                is_open boolean := NEW.ended_at IS NULL;
                moment timestamptz := coalesce(NEW.ended_at, NEW.created_at);
            BEGIN
                IF was_open <> is_open THEN
                    INSERT INTO match_events (user_id, other_id, opened, occurred_at)
                    VALUES (NEW.low, NEW.high, is_open, moment), (NEW.high, NEW.low, is_open, moment);
                END IF;
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER matches_turn AFTER INSERT OR UPDATE OF ended_at ON matches FOR EACH ROW EXECUTE FUNCTION note_match();

            -- Locks are advisory, taken in this order, and end with the transaction:
            --   1. the log: shared by each single writer, exclusive for a batch (which would need too many pair locks);
            --   2. the pair: puts the writes of one pair in order;
            --   3. people: shared by who writes rows about them, exclusive for their erasure;
            --   4. derived data: shared by who writes features, embeddings, impressions, exclusive for an erasure.
            CREATE FUNCTION lock_log() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN 4923014301;
            CREATE FUNCTION lock_derived() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN 4923014302;
            CREATE FUNCTION lock_pair(first bigint, second bigint) RETURNS bigint
                LANGUAGE sql IMMUTABLE
                RETURN hashint8extended(least(first, second), greatest(first, second));
            CREATE FUNCTION lock_person(person bigint) RETURNS bigint
                LANGUAGE sql IMMUTABLE
                RETURN hashint8extended(person, 4923014303);
            """#)
}
