#include "near.h"

#include <string.h>

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Damerau and Levenshtein's distance: characters to insert, delete, replace,
 * or to swap with their neighbour.
 */
static size_t
distance(const char *a, size_t la, const char *b, size_t lb)
{
	size_t d[3][NEAR_NAME_MAX + 1];
	size_t *before = d[0], *last = d[1], *now = d[2], *spare;

	for (size_t j = 0; j <= lb; j++)
		last[j] = j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = last[j - 1] + (a[i - 1] != b[j - 1]);
			now[j] = least(now[j], last[j] + 1);
			now[j] = least(now[j], now[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

void
near_consider(struct near *n, const char *known)
{
	size_t len = strlen(known), d;

	if (n->len > NEAR_NAME_MAX || len > NEAR_NAME_MAX || n->len == 0)
		return;
	d = distance(n->name, n->len, known, len);
	/* A third of the letters may be wrong; of a short name, one. */
	if (d > (least(n->len, len) + 1) / 3 && d > 1)
		return;
	if (d >= least(n->len, len))
		return;
	if (n->best == NULL || d < n->distance) {
		n->best = known;
		n->distance = d;
	}
}
