{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('data_freshness', learner=none, rows=for_every_reader()) }}
