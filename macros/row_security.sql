{#- Which rows of a reporting view a role sees. Whatever does not depend on a row is an uncorrelated subquery,
    which PostgreSQL evaluates once per query. (With `exists` the planner expects a look-up per row, and reads
    whole tables.)

    Nothing here is a security definer function: in one, current_user would be its owner. -#}

{#- The condition of a view whose rows are about learners: the role, or one that it is a member of, is listed
    in ops.role_learners with that learner, or for all learners. -#}
{% macro is_seen(user_id) -%}
    (
        {{ sees_all_learners() }}
        or {{ user_id }} in ({{ listed_learners() }})
    )
{%- endmacro %}


{% macro listed_learners() -%}
    select listed.user_id
            from ops.role_learners as listed
            where listed.user_id is not null and listed.role_name = any({{ roles_in_use() }})
{%- endmacro %}


{#- The condition of a view about all learners together: the role is listed for all learners, or has the
    rights of the schema's owner, who reads the marts anyway. -#}
{% macro sees_all_learners() -%}
    (
        select
            pg_catalog.pg_has_role(schemas.nspowner, 'USAGE')
            or exists (
                select from ops.role_learners as listed
                where
                    listed.user_id is null
                    and listed.sees_all
                    and listed.role_name = any({{ roles_in_use() }})
            )
        from pg_catalog.pg_namespace as schemas
        where schemas.nspname = '{{ this.schema }}'
    )
{%- endmacro %}


{#- The roles whose rights the session inherits, its own among them. Listed roles that no longer exist are
    left out. -#}
{% macro roles_in_use() -%}
    array(
        select roles.rolname
        from pg_catalog.pg_roles as roles
        where pg_catalog.pg_has_role(roles.oid, 'USAGE')
    )
{%- endmacro %}


{#- The condition of a view that tells of no learner: everybody who may read it sees every row. -#}
{% macro for_every_reader() -%}
    true
{%- endmacro %}


{#- The condition of the view of skills. Tags in answers are free text, so one that the project does not know may
    tell something of its learner: only who sees that learner sees it. `offset 0` has the events of each listed
    learner found by index: without it the planner reads those of everybody. -#}
{% macro is_known_or_seen_skill() -%}
    (
        skills.is_known
        or {{ sees_all_learners() }}
        or skills.skill_tag in (
            select scored.skill_tag
            from ({{ listed_learners() }}) as seen
            cross join lateral (
                select events.skill_tag
                from {{ ref('session_events') }} as events
                where
                    events.user_id = seen.user_id
                    and events.event_source = 'answer'
                    and events.skill_tag is not null
                offset 0
            ) as scored
        )
    )
{%- endmacro %}
