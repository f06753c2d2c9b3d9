#ifndef OMNI_SCHEMA_H
#define OMNI_SCHEMA_H

/*
 * share/ledger/schema.sql, views.sql and apply.sql, compiled in: a program and
 * its schema can never be of two versions.
 */
#define SCHEMA_VERSION	3

extern const char schema_sql[], views_sql[], apply_sql[];

#endif
