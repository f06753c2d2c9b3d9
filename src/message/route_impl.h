#ifndef OMNI_ROUTE_IMPL_H
#define OMNI_ROUTE_IMPL_H

/* Shared by route.c (the decision) and route_list.c (what to consider). */

#include "route.h"

/* Who put a type on the list, in the words of route.reason. */
#define BY_WISH		"explicit wish"
#define BY_CONTACT	"the contact's preference"
#define BY_CLASS	"class table"
#define BY_SITE		"default"

/* What is known of the message while it is decided. */
struct decision {
	struct filter *filter;
	struct router *router;
	struct record *record;
	struct arena *mem;
	const char *contact, *class, *topic;
	const struct template_set *set;
	int quiet_start, quiet_end;
	/* The channel they like best; their own order, the record's if it
	 * has one and else the ledger's. */
	const char *preferred, *order;
	const struct value *own_order;
	/* In the order to consider, each with who asked for it. */
	const char *types[CONFIG_CHANNEL_TYPES], *by[CONFIG_CHANNEL_TYPES];
	size_t count;
	bool wish;
	struct value *considered;
	struct buf reasons;
	const char *chosen, *chosen_by, *account, *to;
	struct value *fallback;
	/* When it may be sent, and what it waits for until then. */
	instant start, end;
	bool ends;		/* the record says when */
	char waits_for[160];
};

/* A row of route.considered; a refusal's reason is part of the error, too. */
void route_consider(struct decision *d, const char *type,
    const char *verdict, const char *reason);

/*
 * The wishes of the contact: the record's own, refused if they are none, and
 * then the ledger's, with the language and the zone that it knows.
 */
bool route_load_preference(struct decision *d);
/* The types to consider; false when the wish is no channel, then refused. */
bool route_list_types(struct decision *d);

#endif
