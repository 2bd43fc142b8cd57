internal import Postgres

extension Storage {
    /// What people seek, who is banned, and the serving log as a log that copies follow.
    static let preferences = Migration(
        number: 10, name: "preferences",
        sql: #"""
            -- Null says nothing and excludes nobody. In the row of the person, for they are read with it: by the gate and by the people's log.
            ALTER TABLE users
                -- Bits: 1 male, 2 female, 4 other.
                ADD COLUMN seeks_genders smallint CHECK (seeks_genders BETWEEN 1 AND 7),
                ADD COLUMN seeks_min_age smallint CHECK (seeks_min_age BETWEEN 18 AND 120),
                ADD COLUMN seeks_max_age smallint CHECK (seeks_max_age BETWEEN 18 AND 120),
                ADD COLUMN seeks_within_km double precision CHECK (seeks_within_km > 0),
                ADD COLUMN requires_interests text[],
                ADD COLUMN excludes_interests text[],
                -- 0 dating, 1 friendship, 2 mentoring, 3 cofounding.
                ADD COLUMN intent smallint CHECK (intent BETWEEN 0 AND 3),
                ADD COLUMN paused boolean NOT NULL DEFAULT false,
                ADD COLUMN banned_at timestamptz,
                ADD CHECK (seeks_min_age <= seeks_max_age);

            -- Part of what is held about a person.
            CREATE FUNCTION preferences_of(p_user bigint) RETURNS jsonb
                LANGUAGE sql STABLE AS $$
                SELECT jsonb_build_object(
                    'genders', ARRAY(
                        SELECT g.name FROM unnest(ARRAY['male', 'female', 'other']) WITH ORDINALITY AS g(name, place)
                        WHERE u.seeks_genders & (1 << (g.place - 1)::integer) <> 0 ORDER BY g.place),
                    'min_age', u.seeks_min_age, 'max_age', u.seeks_max_age, 'max_distance_km', u.seeks_within_km,
                    'required_interests', coalesce(u.requires_interests, '{}'),
                    'excluded_interests', coalesce(u.excludes_interests, '{}'),
                    'intent', (ARRAY['dating', 'friendship', 'mentoring', 'cofounding'])[u.intent + 1],
                    'paused', u.paused, 'banned', u.banned_at IS NOT NULL)
                FROM users AS u WHERE u.id = p_user
                $$;

            -- Copies count who was shown to whom. Answers from the cache repeat a list that has been counted.
            ALTER TABLE serving_log ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
            CREATE INDEX serving_log_log ON serving_log (xid, id) WHERE NOT cached;
            """#)
}
