-- What a copy of a database lacks or lags behind in: sequences, and what a dump does not hold.

-- Compared with the sequence before every write: the highest number must be found at once.
create index documents_by_id on raw.documents (document_id);

create function raw.move_sequence(relation regclass, column_name name) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    sequence constant regclass := pg_get_serial_sequence(relation::text, column_name);
    highest bigint;
    following bigint;
begin
    for attempt in 1..2 loop
        execute format('select max(%I) from %s', column_name, relation) into highest;
        execute format('select last_value + is_called::int from %s', sequence) into following;
        if coalesce(highest < following, true) then
            return null;
        end if;
        -- Whoever moved it meanwhile has given numbers that are not visible yet.
        perform pg_advisory_xact_lock(x'70756c73'::int, 6);
    end loop;
    perform setval(sequence, highest);
    raise warning '% lagged behind %.%: it goes on after %', sequence, relation, column_name, highest;
    return highest;
end
$$;
comment on function raw.move_sequence(regclass, name) is
    'Moves the sequence of a column that lags behind the highest number in it; returns that number, '
    'NULL where the sequence is ahead.';

-- By statement: it runs before the statement takes its first number from the sequence.
create function raw.keep_sequence_ahead() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    highest bigint;
    following bigint;
begin
    -- Planned once in a session, for all partitions: a write takes a third of a millisecond in all.
    if tg_relid = 'raw.documents'::regclass then
        select max(documents.document_id) into highest from raw.documents as documents;
        select numbers.last_value + numbers.is_called::int into following
        from raw.documents_document_id_seq as numbers;
        if coalesce(highest < following, true) then
            return null;
        end if;
    end if;
    perform raw.move_sequence(tg_relid, tg_argv[0]);
    return null;
end
$$;
comment on function raw.keep_sequence_ahead() is
    'Before an insert: no number is given twice where a sequence lags, as in a promoted logical replica.';

revoke execute on function raw.move_sequence(regclass, name), raw.keep_sequence_ahead() from public;

do $$
declare
    identity record;
begin
    for identity in
        select attrelid::regclass as relation, attname
        from pg_catalog.pg_attribute
        where
            attidentity <> ''
            and attrelid in (
                'raw.documents'::regclass, 'raw.loads'::regclass, 'raw.quarantine'::regclass,
                'raw.document_kinds_editions'::regclass, 'ops.runs'::regclass, 'ops.checks'::regclass
            )
    loop
        execute format(
            'create trigger keep_sequence_ahead before insert on %s '
            'for each statement execute function raw.keep_sequence_ahead(%L)',
            identity.relation, identity.attname
        );
    end loop;
end
$$;

create table ops.database_properties (
    database_id text not null,
    role_name name,
    property text not null,
    unique nulls not distinct (role_name, property)
);
comment on table ops.database_properties is
    'Privileges on the database and settings of it, which a dump of its contents leaves out: '
    '''pulse-elt db restored'' finds them here. Loads keep it up to date.';
comment on column ops.database_properties.database_id is
    'Identifier of the server and oid of the database that has the property: a copy has others.';
comment on column ops.database_properties.role_name is 'Role that it is for; NULL for everybody.';
comment on column ops.database_properties.property is
    'CONNECT, TEMPORARY or CREATE, with " WITH GRANT OPTION" if so; or a setting, as name=value.';
