{#- Changes that no build made: a trigger notes what somebody does to a table of ours, and the next build compares
    that table whole. The trigger fires for everybody; a build says in its transaction that it is one. -#}

{% macro change_trigger() -%}
    {{ return('pulse_elt_touch') }}
{%- endmacro %}


{% macro outside_changes() -%}
    {{ return(registry_table('touches')) }}
{%- endmacro %}


{% macro change_function() -%}
    {{ outside_changes().schema }}.note_touch
{%- endmacro %}


{% macro create_outside_changes(changes) -%}
    create table if not exists {{ changes }} (
        schema_name text not null,
        relation_name text not null,
        login text not null,
        command text not null,
        touched_at timestamptz not null
    );
    {{ postgres__alter_relation_comment(
        changes, 'One row per statement that changed a table of ours and was not a build''s.'
    ) }}
    comment on column {{ changes }}.schema_name is 'Schema of the table.';
    comment on column {{ changes }}.relation_name is 'Name of the table.';
    comment on column {{ changes }}.login is 'Who was connected.';
    comment on column {{ changes }}.command is 'INSERT, UPDATE, DELETE or TRUNCATE.';
    comment on column {{ changes }}.touched_at is 'When, by the database clock.';

    create or replace function {{ change_function() }}() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $$
    begin
        if current_setting('pulse_elt.is_build', true) is distinct from 'yes' then
            insert into {{ changes.include(database=false) }}
            values (tg_table_schema, tg_table_name, session_user, tg_op, clock_timestamp());
        end if;
        return null;
    end
    $$;
    revoke execute on function {{ change_function() }}() from public;
    comment on function {{ change_function() }}() is 'Notes who changed a table of ours by hand.';
{%- endmacro %}


{#- SQL that marks the transaction as a build's. -#}
{% macro mark_as_build() -%}
    select set_config('pulse_elt.is_build', 'yes', true);
{%- endmacro %}


{#- SQL that gives a table its trigger, also in place of one that is switched off, and starts from no changes. -#}
{% macro attach_change_trigger(relation) -%}
    create or replace trigger {{ change_trigger() }}
    after insert or update or delete or truncate on {{ relation }}
    for each statement execute function {{ change_function() }}();
    alter table {{ relation }} enable trigger {{ change_trigger() }};
    {{ clear_outside_changes(relation) }}
{%- endmacro %}


{#- What was done to a relation since a build last looked, in words, one row per login and command. -#}
{% macro outside_changes_to(relation) -%}
    select lower(command) || ' by ' || login || ' at ' || to_char(
        max(touched_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI'
    ) || ' UTC' || case when count(*) > 1 then ' (' || count(*) || ' statements)' else '' end
    from {{ outside_changes() }}
    where schema_name = '{{ relation.schema }}' and relation_name = '{{ relation.identifier }}'
    group by login, command
{%- endmacro %}


{% macro clear_outside_changes(relation) -%}
    delete from {{ outside_changes() }}
    where schema_name = '{{ relation.schema }}' and relation_name = '{{ relation.identifier }}';
{%- endmacro %}


{#- Says in dbt's log what a build found changed by hand, or gone. -#}
{% macro warn_of_damages(relation, damages, remedy='It is compared whole and put right.') -%}
    {%- if damages -%}
        {%- do exceptions.warn(
            relation.schema ~ '.' ~ relation.identifier ~ ' was changed outside of builds: '
            ~ damages | join('; ') ~ '. ' ~ remedy
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- On-run-start: a queue that somebody changed has lost what was queued, so all models are queued whole. -#}
{% macro repair_changed_queue() -%}
    {%- set queue = rebuild_queue() -%}
    {%- set changes = run_query(outside_changes_to(queue)).columns[0].values() -%}
    {%- if changes -%}
        {%- do warn_of_damages(queue, changes, 'All models are compared whole.') -%}
        {{ queue_whole(models_in_place()) }}
        {{ clear_outside_changes(queue) }}
    {%- endif -%}
{%- endmacro %}
