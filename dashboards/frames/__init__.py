"""What a store holds as tables, one row for each thing that a chart or a table shows. Pure: no page, no chart."""
