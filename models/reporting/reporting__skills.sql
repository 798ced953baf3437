{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('skills', learner=none, rows=is_known_or_seen_skill()) }}
