#include "language.h"

#include <ctype.h>
#include <string.h>

bool
language_equal(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b) &&
		    !(strchr("-_", *a) != NULL && strchr("-_", *b) != NULL))
			return false;
	return *a == *b;
}

bool
language_is_tag(const char *s)
{
	size_t n = 0;

	if (strlen(s) >= LANGUAGE_MAX)
		return false;
	while (isalpha((unsigned char)s[n]))
		n++;
	if (n != 2 && n != 3)
		return false;
	for (s += n; *s == '-' || *s == '_'; s += n + 1) {
		n = 0;
		while (isalnum((unsigned char)s[n + 1]))
			n++;
		if (n < 1 || n > 8)
			return false;
	}
	return *s == '\0';
}

bool
language_widen(char *tag)
{
	char *cut = tag + strlen(tag);

	while (cut > tag && *cut != '-' && *cut != '_')
		cut--;
	if (cut == tag)
		return false;
	*cut = '\0';
	return true;
}
