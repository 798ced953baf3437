{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('bands', learner=none, rows=for_every_reader()) }}
