{#- What is done by hand to a table of ours: a trigger notes it, the next build compares that table whole.
    The trigger fires for everybody; a build says in its transaction that it is one. -#}

{% macro touch_trigger() -%}
    {{ return('pulse_elt_touch') }}
{%- endmacro %}


{% macro touches() -%}
    {{ return(builds_relation().incorporate(path={'identifier': 'touches'})) }}
{%- endmacro %}


{% macro touch_function() -%}
    {{ builds_relation().schema }}.note_touch
{%- endmacro %}


{% macro create_touches() -%}
    create table if not exists {{ touches() }} (
        schema_name text not null,
        relation_name text not null,
        login text not null,
        command text not null,
        touched_at timestamptz not null
    );
    {{ postgres__alter_relation_comment(
        touches(), 'One row per statement that changed a table of ours and was not a build''s.'
    ) }}
    comment on column {{ touches() }}.schema_name is 'Schema of the table.';
    comment on column {{ touches() }}.relation_name is 'Name of the table.';
    comment on column {{ touches() }}.login is 'Who was connected.';
    comment on column {{ touches() }}.command is 'INSERT, UPDATE, DELETE or TRUNCATE.';
    comment on column {{ touches() }}.touched_at is 'When, by the database clock.';

    create or replace function {{ touch_function() }}() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $$
    begin
        if current_setting('pulse_elt.is_build', true) is distinct from 'yes' then
            insert into {{ touches().include(database=false) }}
            values (tg_table_schema, tg_table_name, session_user, tg_op, clock_timestamp());
        end if;
        return null;
    end
    $$;
    revoke execute on function {{ touch_function() }}() from public;
    comment on function {{ touch_function() }}() is 'Notes who changed a table of ours by hand.';
{%- endmacro %}


{#- SQL that tells the trigger, until the transaction ends, that a build is at work. -#}
{% macro say_it_is_a_build() -%}
    select set_config('pulse_elt.is_build', 'yes', true);
{%- endmacro %}


{#- SQL that gives a table its trigger, in place of one that is switched off. -#}
{% macro attach_touch_trigger(relation) -%}
    create or replace trigger {{ touch_trigger() }}
    after insert or update or delete or truncate on {{ relation }}
    for each statement execute function {{ touch_function() }}();
    alter table {{ relation }} enable trigger {{ touch_trigger() }};
{%- endmacro %}


{#- What was done to a relation by hand since a build last looked, in words, one row per login and command. -#}
{% macro touches_of(relation) -%}
    select lower(command) || ' by ' || login || ' at ' || to_char(
        max(touched_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI'
    ) || ' UTC' || case when count(*) > 1 then ' (' || count(*) || ' statements)' else '' end
    from {{ touches() }}
    where schema_name = '{{ relation.schema }}' and relation_name = '{{ relation.identifier }}'
    group by login, command
{%- endmacro %}


{% macro forget_touches(relation) -%}
    delete from {{ touches() }}
    where schema_name = '{{ relation.schema }}' and relation_name = '{{ relation.identifier }}';
{%- endmacro %}


{#- Says in dbt's log what a build found changed by hand, or gone. -#}
{% macro warn_of_damages(relation, damages) -%}
    {%- do exceptions.warn(
        relation.schema ~ '.' ~ relation.identifier ~ ' was changed outside of builds: '
        ~ damages | join('; ') ~ '. It is compared whole and put right.'
    ) -%}
{%- endmacro %}


{#- on-run-start: a queue that somebody changed has forgotten who waits for what, so that all wait for all. -#}
{% macro heed_touched_queue() -%}
    {%- if execute and is_making_relations() -%}
        {%- set queue = rebuild_queue() -%}
        {%- set touched = run_query(touches_of(queue)).columns[0].values() -%}
        {%- if touched -%}
            {%- do exceptions.warn(
                queue.schema ~ '.' ~ queue.identifier ~ ' was changed outside of builds: '
                ~ touched | join('; ') ~ '. All models are compared whole.'
            ) -%}
            {{ say_it_is_a_build() }}
            {{ tell_consumers_everything(models_in_place()) }}
            {{ forget_touches(queue) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
