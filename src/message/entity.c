#include "entity.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Those of HTML 4, which every mail reader knows, and apos; sorted. */
static const char *const entities[] = {
	"AElig", "Aacute", "Acirc", "Agrave", "Alpha", "Aring", "Atilde",
	"Auml", "Beta", "Ccedil", "Chi", "Dagger", "Delta", "ETH", "Eacute",
	"Ecirc", "Egrave", "Epsilon", "Eta", "Euml", "Gamma", "Iacute",
	"Icirc", "Igrave", "Iota", "Iuml", "Kappa", "Lambda", "Mu", "Ntilde",
	"Nu", "OElig", "Oacute", "Ocirc", "Ograve", "Omega", "Omicron",
	"Oslash", "Otilde", "Ouml", "Phi", "Pi", "Prime", "Psi", "Rho",
	"Scaron", "Sigma", "THORN", "Tau", "Theta", "Uacute", "Ucirc",
	"Ugrave", "Upsilon", "Uuml", "Xi", "Yacute", "Yuml", "Zeta", "aacute",
	"acirc", "acute", "aelig", "agrave", "alefsym", "alpha", "amp", "and",
	"ang", "apos", "aring", "asymp", "atilde", "auml", "bdquo", "beta",
	"brvbar", "bull", "cap", "ccedil", "cedil", "cent", "chi", "circ",
	"clubs", "cong", "copy", "crarr", "cup", "curren", "dArr", "dagger",
	"darr", "deg", "delta", "diams", "divide", "eacute", "ecirc", "egrave",
	"empty", "emsp", "ensp", "epsilon", "equiv", "eta", "eth", "euml",
	"euro", "exist", "fnof", "forall", "frac12", "frac14", "frac34",
	"frasl", "gamma", "ge", "gt", "hArr", "harr", "hearts", "hellip",
	"iacute", "icirc", "iexcl", "igrave", "image", "infin", "int", "iota",
	"iquest", "isin", "iuml", "kappa", "lArr", "lambda", "lang", "laquo",
	"larr", "lceil", "ldquo", "le", "lfloor", "lowast", "loz", "lrm",
	"lsaquo", "lsquo", "lt", "macr", "mdash", "micro", "middot", "minus",
	"mu", "nabla", "nbsp", "ndash", "ne", "ni", "not", "notin", "nsub",
	"ntilde", "nu", "oacute", "ocirc", "oelig", "ograve", "oline", "omega",
	"omicron", "oplus", "or", "ordf", "ordm", "oslash", "otilde", "otimes",
	"ouml", "para", "part", "permil", "perp", "phi", "pi", "piv", "plusmn",
	"pound", "prime", "prod", "prop", "psi", "quot", "rArr", "radic",
	"rang", "raquo", "rarr", "rceil", "rdquo", "real", "reg", "rfloor",
	"rho", "rlm", "rsaquo", "rsquo", "sbquo", "scaron", "sdot", "sect",
	"shy", "sigma", "sigmaf", "sim", "spades", "sub", "sube", "sum", "sup",
	"sup1", "sup2", "sup3", "supe", "szlig", "tau", "there4", "theta",
	"thetasym", "thinsp", "thorn", "tilde", "times", "trade", "uArr",
	"uacute", "uarr", "ucirc", "ugrave", "uml", "upsih", "upsilon", "uuml",
	"weierp", "xi", "yacute", "yen", "yuml", "zeta", "zwj", "zwnj",
};

static int
compare(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool
is_entity(const char *s, size_t len)
{
	char name[16];

	if (len >= sizeof(name))
		return false;
	memcpy(name, s, len);
	name[len] = '\0';
	return bsearch(name, entities, sizeof(entities) / sizeof(entities[0]),
	    sizeof(entities[0]), compare) != NULL;
}

/* "#233", "#xE9": a character that a text may have. */
static bool
is_numeric(const char *s, size_t len)
{
	bool hex = len > 2 && (s[1] == 'x' || s[1] == 'X');
	unsigned long n;
	char *end;

	if (len < 2 || !isxdigit((unsigned char)s[hex ? 2 : 1]))
		return false;
	n = strtoul(s + (hex ? 2 : 1), &end, hex ? 16 : 10);
	return end == s + len && (n >= 0x20 || n == '\t' || n == '\n') &&
	    n <= 0x10ffff && (n < 0xd800 || n > 0xdfff);
}

bool
entity_is_known(const char *s, size_t len)
{
	return len > 0 && *s == '#' ? is_numeric(s, len) : is_entity(s, len);
}
