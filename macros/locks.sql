{#- The advisory locks that macros take, as loaders/database/locks.py lists them: the two arguments of
    pg_advisory_lock and its variants. hashed is the SQL to hash, for a lock with several instances. -#}
{% macro advisory_lock(name, hashed=none) -%}
    {%- set locks = {
        'builds_table': ("x'70756c73'::int", '5'),
        'build_at_work': ("x'70756c62'::int", none),
        'kept_failures': ("x'70756c6b'::int", none),
    } -%}
    {{ return(locks[name][0] ~ ', ' ~ (locks[name][1] or 'hashtext(' ~ hashed ~ ')')) }}
{%- endmacro %}
