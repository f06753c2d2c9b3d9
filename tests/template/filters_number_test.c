#include "fixture.h"

static void
floatformat(void)
{
	gives("34.23234", "v|floatformat", "34.2");
	gives("34.0", "v|floatformat", "34");
	gives("34.26", "v|floatformat", "34.3");
	gives("34.0", "v|floatformat:3", "34.000");
	gives("34.0", "v|floatformat:\"-3\"", "34");
	gives("34.26", "v|floatformat:\"-3\"", "34.260");
	gives("\"39.555\"", "v|floatformat:2", "39.56");
	gives("0.125", "v|floatformat:2", "0.13");
	gives("999.995", "v|floatformat:2", "1000.00");
	gives("0.95", "v|floatformat", "1.0");
	gives("-0.04", "v|floatformat", "0.0");
	gives("-1.5", "v|floatformat:0", "-2");
	gives("9007199254740993", "v|floatformat:1", "9007199254740993.0");
	gives("6666.6666", "v|floatformat:\"2g\"", "6,666.67");
	gives("10000", "v|floatformat:\"g\"", "10,000");
	gives("1e22", "v|floatformat", "10000000000000000000000");
	refuses("1e300", "v|floatformat", "is not a number that");
	refuses("\"inf\"", "v|floatformat", "is not a number that");
	refuses("\"nan\"", "v|floatformat:2", "is not a number that");
	refuses("\"siete\"", "v|floatformat", "is not a number, as needed");
	refuses("1", "v|floatformat:99999999", "cannot have more than 1000");
	refuses("1", "v|floatformat:\"x\"", "not a whole number");
	env.missing = "";
	gives("1e300", "v|floatformat:2", "1e+300");
	gives("\"inf\"", "v|floatformat", "'inf'");
	gives("\"siete\"", "v|floatformat", "");
	gives("null", "v|floatformat", "");
	gives("1.50", "v|floatformat:\"x\"", "1.5");
	env.missing = NULL;
}

static void
numbers(void)
{
	env.language = "es";
	gives("1234.5", "v|number", "1,234.5");
	gives("1234.0", "v|number", "1,234");
	gives("-1234567", "v|number", "-1,234,567");
	gives("\"1234.50\"", "v|number", "1,234.50");
	gives("\"12345678901234567890.12345678901234567890\"", "v|number",
	    "12,345,678,901,234,567,890.12345678901234567890");
	gives("999.995", "v|number:2", "1,000.00");
	gives("-0.001", "v|number:2", "0.00");
	gives("7", "v|number:2", "7.00");
	env.language = "es-MX";
	gives("1234.5", "v|number", "1,234.5");
	env.language = "es-ES";
	gives("12345.5", "v|number", "12.345,5");
	env.language = "fr";
	/* A plain space, not U+202F. */
	gives("12345.5", "v|number:2", "12 345,50");
	env.language = "en-IN";
	gives("1234567", "v|number", "12,34,567");
	env.language = "toolongsubtag-xx";
	refuses("5", "v|number", "cannot be written in language");
	refuses("\"1,234\"", "v|number", "is not a number");
	refuses("\"1e5\"", "v|number", "is not a number");
	refuses("\"\\u0661\"", "v|number", "is not a number");
	refuses("5", "v|number:\"-1\"", "not a count of decimals");
}

static void
money(void)
{
	env.language = "es";
	env.currency = "MXN";
	gives("\"1234.5\"", "v|money", "$1,234.50");
	gives("350", "v|money", "$350.00");
	gives("350.1", "v|money", "$350.10");
	gives("\"-350.00\"", "v|money", "-$350.00");
	gives("\"-0.00\"", "v|money", "$0.00");
	gives("\"350.0000\"", "v|money", "$350.00");
	gives("\"99999999999999999999.99\"", "v|money",
	    "$99,999,999,999,999,999,999.99");
	gives("\"350.00\"", "v|money:\"USD\"", "$350.00 USD");
	gives("\"350.00 USD\"", "v|money", "$350.00 USD");
	gives("\"EUR 350\"", "v|money", "\xe2\x82\xac" "350.00 EUR");
	gives("\"350 MXN\"", "v|money", "$350.00");
	gives("\"1234\"", "v|money:\"JPY\"", "\xc2\xa5" "1,234 JPY");
	gives("\"1234.5\"", "v|money:\"XYZ\"", "1,234.50 XYZ");
	env.currency = "EUR";
	gives("\"350 MXN\"", "v|money", "$350.00 MXN");
	gives("\"350\"", "v|money", "\xe2\x82\xac" "350.00");
	env.language = "de";
	gives("\"-1350.5\"", "v|money", "-1.350,50 \xe2\x82\xac");
	env.language = "en";
	gives("\"-1350.5\"", "v|money", "-\xe2\x82\xac" "1,350.50");
	refuses("\"350.001\"", "v|money", "has more decimals than EUR has");
	refuses("\"1.5\"", "v|money:\"JPY\"", "has more decimals than JPY");
	refuses("0.30000000000000004", "v|money", "has more decimals");
	refuses("\"1,234.50\"", "v|money", "is not an amount of money");
	refuses("\"$350\"", "v|money", "is not an amount of money");
	refuses("\"USD\"", "v|money", "is not an amount of money");
	refuses("\"1e3\"", "v|money", "is not an amount of money");
	refuses("\"350 USD\"", "v|money:\"MXN\"", "in another currency");
	refuses("\"350\"", "v|money:\"pesos\"", "no currency like MXN");
	env.currency = NULL;
	refuses("\"350\"", "v|money", "has no currency");
}

static void
lists(void)
{
	env.language = "es";
	gives("[\"Luna\",\"Max\",\"Nina\"]", "v|list", "Luna, Max y Nina");
	gives("[\"Luna\",\"Max\"]", "v|list:\"or\"", "Luna o Max");
	gives("[\"Luna\"]", "v|list", "Luna");
	gives("[\"Luna\",\"In\xc3\xa9s\"]", "v|list", "Luna e In\xc3\xa9s");
	gives("[\"Luna\",\"\xc3\x8d\xc3\xb1igo\"]", "v|list",
	    "Luna e \xc3\x8d\xc3\xb1igo");
	gives("[\"Luna\",\"Hilda\"]", "v|list", "Luna e Hilda");
	gives("[\"Luna\",\"Hiena\"]", "v|list", "Luna y Hiena");
	gives("[\"Luna\",\"Hierro\"]", "v|list", "Luna y Hierro");
	gives("[\"Luna\",\"Yoyo\"]", "v|list", "Luna y Yoyo");
	gives("[\"Luna\",\"Yvonne\"]", "v|list", "Luna e Yvonne");
	gives("[\"Luna\",\"\xc2\xabIndia\xc2\xbb\"]", "v|list",
	    "Luna e \xc2\xabIndia\xc2\xbb");
	gives("[\"siete\",\"ocho\"]", "v|list:\"or\"", "siete u ocho");
	gives("[\"Luna\",\"Olga\"]", "v|list:\"or\"", "Luna u Olga");
	gives("[\"Luna\",\"Max\",\"Horacio\"]", "v|list:\"or\"",
	    "Luna, Max u Horacio");
	gives("[7,8]", "v|list:\"or\"", "7 u 8");
	gives("[10,11]", "v|list:\"or\"", "10 u 11");
	gives("[100,110]", "v|list:\"or\"", "100 o 110");
	gives("[7,8]", "v|list", "7 y 8");
	env.language = "en";
	gives("[\"Luna\",\"Max\",\"Inna\"]", "v|list", "Luna, Max and Inna");
	gives("[\"Luna\",\"Olga\"]", "v|list:\"or\"", "Luna or Olga");
	env.language = "de";
	gives("[\"a\",\"b\",\"c\",\"d\",\"e\"]", "v|list",
	    "a, b, c, d und e");
	env.html = true;
	gives("[\"Tom & Co\",\"<b>\"]", "v|list",
	    "Tom &amp; Co und &lt;b&gt;");
	env.html = false;
	refuses("[]", "v|list", "variable v is empty");
	refuses("[\"a\",null]", "v|list", "neither a text nor a number");
	refuses("[\"a\",[1]]", "v|list", "neither a text nor a number");
	refuses("[\"a\",\"\"]", "v|list", "neither a text nor a number");
	refuses("\"Luna\"", "v|list", "is not a list");
	refuses("[\"a\",\"b\"]", "v|list:\"xor\"", "is not \"or\"");
}

int
main(void)
{
	env.language = "en";
	floatformat();
	numbers();
	money();
	lists();
	return 0;
}
