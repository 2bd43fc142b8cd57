internal import Postgres

extension Storage {
    /// What people may ask about themselves, and who did what with privileges.
    static let privacy = Migration(
        number: 9, name: "privacy",
        sql: #"""
            CREATE INDEX erasures_pending ON erasures (requested_at) WHERE completed_at IS NULL;

            CREATE TABLE audit_log (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                occurred_at timestamptz NOT NULL,
                actor text NOT NULL,
                role text NOT NULL,
                action text NOT NULL,
                -- A bare identifier, which may outlive the person.
                target text NOT NULL,
                request_id text NOT NULL
            );
            CREATE FUNCTION refuse_change() RETURNS trigger
                LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
            END
            $$;
            CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

            CREATE FUNCTION kind_name(kind smallint) RETURNS text
                LANGUAGE sql IMMUTABLE PARALLEL SAFE
                RETURN (ARRAY['like', 'dislike', 'super_like', 'block', 'report', 'unmatch'])[kind];

            -- Everything that is held about a person, a row a part. What others did towards them is counted, not told.
            CREATE FUNCTION personal_data(p_user bigint) RETURNS TABLE (part text, content jsonb)
                LANGUAGE sql STABLE AS $$
                SELECT 'profile', to_jsonb(p) FROM (
                    SELECT id, name, age, gender, location, latitude, longitude, bio, interests, created_at, updated_at, last_active_at
                    FROM users WHERE id = p_user
                ) AS p
                UNION ALL SELECT 'external_ids', coalesce((
                    SELECT jsonb_agg(e.external_id ORDER BY e.external_id) FROM external_ids AS e WHERE e.user_id = p_user), '[]')
                UNION ALL SELECT 'interactions', coalesce((
                    SELECT jsonb_agg(jsonb_build_object(
                        'id', i.id, 'target_user_id', i.target_user_id, 'interaction_type', kind_name(i.kind), 'timestamp', i.occurred_at,
                        'context', i.context) ORDER BY i.occurred_at, i.id)
                    FROM interactions AS i WHERE i.user_id = p_user), '[]')
                UNION ALL SELECT 'interactions_received', coalesce((
                    SELECT jsonb_object_agg(kind_name(c.kind), c.count) FROM (
                        SELECT kind, count(*) FROM interactions WHERE target_user_id = p_user AND kind NOT IN (4, 5) GROUP BY kind
                    ) AS c), '{}')
                UNION ALL SELECT 'opinions', coalesce((
                    SELECT jsonb_agg(jsonb_build_object(
                        'target_user_id', s.target_user_id, 'opinion', kind_name(s.opinion), 'blocked', s.blocked, 'reported', s.reported,
                        'updated_at', s.updated_at) ORDER BY s.target_user_id)
                    FROM pair_states AS s WHERE s.user_id = p_user), '[]')
                UNION ALL SELECT 'matches', coalesce((
                    SELECT jsonb_agg(jsonb_build_object(
                        'user_id', CASE WHEN m.low = p_user THEN m.high ELSE m.low END, 'since', m.created_at, 'ended_at', m.ended_at)
                        ORDER BY m.created_at)
                    FROM matches AS m WHERE m.low = p_user OR m.high = p_user), '[]')
                UNION ALL SELECT 'features', coalesce((
                    SELECT jsonb_agg(jsonb_build_object(
                        'schema_version', f.version, 'values', f.feature_set, 'computed_at', f.computed_at) ORDER BY f.version)
                    FROM user_features AS f WHERE f.user_id = p_user), '[]')
                UNION ALL SELECT 'embeddings', coalesce((
                    SELECT jsonb_agg(jsonb_build_object(
                        'model_version', e.model_version, 'likes', e.embedding, 'liked_by', e.target_embedding, 'created_at', e.created_at)
                        ORDER BY e.model_version)
                    FROM user_embeddings AS e WHERE e.user_id = p_user), '[]')
                UNION ALL SELECT 'served_lists', coalesce((
                    SELECT jsonb_agg(jsonb_build_object(
                        'request_id', l.request_id, 'list_id', l.list_id, 'served_at', l.served_at, 'model_version', l.model_version,
                        'variant', l.variant, 'shown', l.shown, 'scores', l.scores, 'cached', l.cached) ORDER BY l.served_at, l.id)
                    FROM serving_log AS l WHERE l.user_id = p_user), '[]')
                UNION ALL SELECT 'times_shown_to_others', to_jsonb((
                    SELECT count(*) FROM serving_log AS l WHERE l.shown @> ARRAY[p_user]))
                UNION ALL SELECT 'audit', coalesce((
                    SELECT jsonb_agg(jsonb_build_object('time', a.occurred_at, 'action', a.action, 'role', a.role) ORDER BY a.id)
                    FROM audit_log AS a WHERE a.target = p_user::text), '[]')
                $$;
            CREATE INDEX audit_log_target ON audit_log (target);

            -- Tables with rows about a person; receipts and the audit log keep bare identifiers.
            CREATE FUNCTION traces_of(p_user bigint) RETURNS SETOF text
                LANGUAGE sql STABLE AS $$
                SELECT 'users' WHERE EXISTS (SELECT FROM users WHERE id = p_user)
                UNION ALL SELECT 'interactions'
                WHERE EXISTS (SELECT FROM interactions WHERE user_id = p_user)
                    OR EXISTS (SELECT FROM interactions WHERE target_user_id = p_user)
                UNION ALL SELECT 'pair_states'
                WHERE EXISTS (SELECT FROM pair_states WHERE user_id = p_user)
                    OR EXISTS (SELECT FROM pair_states WHERE target_user_id = p_user)
                UNION ALL SELECT 'matches'
                WHERE EXISTS (SELECT FROM matches WHERE low = p_user) OR EXISTS (SELECT FROM matches WHERE high = p_user)
                UNION ALL SELECT 'match_events'
                WHERE EXISTS (SELECT FROM match_events WHERE user_id = p_user)
                    OR EXISTS (SELECT FROM match_events WHERE other_id = p_user)
                UNION ALL SELECT 'user_features' WHERE EXISTS (SELECT FROM user_features WHERE user_id = p_user)
                UNION ALL SELECT 'user_embeddings' WHERE EXISTS (SELECT FROM user_embeddings WHERE user_id = p_user)
                UNION ALL SELECT 'external_ids' WHERE EXISTS (SELECT FROM external_ids WHERE user_id = p_user)
                UNION ALL SELECT 'serving_log'
                WHERE EXISTS (SELECT FROM serving_log WHERE user_id = p_user)
                    OR EXISTS (SELECT FROM serving_log WHERE shown @> ARRAY[p_user])
                $$;

            CREATE FUNCTION power_of_two_below(number bigint) RETURNS bigint
                LANGUAGE sql IMMUTABLE PARALLEL SAFE
                RETURN CASE WHEN number > 0 THEN (2 ^ floor(log(2, number)))::bigint ELSE 0 END;

            -- People without what could name them, ordered by a key that nobody can compute without the salt. Of decade, gender and place
            -- only what at least p_sharing people share is told; of the interests those that as many have.
            CREATE FUNCTION anonymised_people(p_salt text, p_sharing bigint)
                RETURNS TABLE (
                    key text, age_band integer, gender text, location text, interests text[], joined text, likes_sent bigint,
                    passes_sent bigint, likes_received bigint, matches bigint)
                LANGUAGE sql STABLE AS $$
                WITH person AS (
                    SELECT u.id, left(encode(sha256(convert_to(p_salt || ':' || u.id, 'UTF8')), 'hex'), 24) AS key,
                        (u.age / 10) * 10 AS band, u.gender, u.location, u.interests_folded, u.created_at
                    FROM users AS u
                ), counted AS (
                    SELECT p.*, count(*) OVER (PARTITION BY p.band, p.gender) AS alike,
                        count(*) OVER (PARTITION BY p.band, p.gender, p.location) AS neighbours
                    FROM person AS p
                ), common AS MATERIALIZED (
                    SELECT coalesce(array_agg(w.word), '{}') AS words FROM (
                        SELECT i.word FROM users AS u, unnest(u.interests_folded) AS i(word) GROUP BY i.word
                        HAVING count(DISTINCT u.id) >= p_sharing
                    ) AS w
                ), sent AS (
                    SELECT s.user_id, count(*) FILTER (WHERE s.opinion IN (1, 3)) AS likes, count(*) FILTER (WHERE s.opinion = 2) AS passes
                    FROM pair_states AS s GROUP BY s.user_id
                ), received AS (
                    SELECT s.target_user_id, count(*) AS likes FROM pair_states AS s WHERE s.opinion IN (1, 3) GROUP BY s.target_user_id
                ), matched AS (
                    SELECT b.id, count(*) AS matches FROM (
                        SELECT m.low AS id FROM matches AS m WHERE m.ended_at IS NULL
                        UNION ALL SELECT m.high FROM matches AS m WHERE m.ended_at IS NULL
                    ) AS b GROUP BY b.id
                )
                SELECT c.key, CASE WHEN c.alike >= p_sharing THEN c.band END, CASE WHEN c.alike >= p_sharing THEN c.gender END,
                    CASE WHEN c.neighbours >= p_sharing THEN c.location END,
                    ARRAY(SELECT i.word FROM unnest(c.interests_folded) AS i(word) WHERE i.word = ANY (common.words) ORDER BY i.word),
                    to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM'), power_of_two_below(coalesce(sent.likes, 0)),
                    power_of_two_below(coalesce(sent.passes, 0)), power_of_two_below(coalesce(received.likes, 0)),
                    power_of_two_below(coalesce(matched.matches, 0))
                FROM counted AS c CROSS JOIN common
                LEFT JOIN sent ON sent.user_id = c.id
                LEFT JOIN received ON received.target_user_id = c.id
                LEFT JOIN matched ON matched.id = c.id
                ORDER BY c.key
                $$;
            """#)
}
