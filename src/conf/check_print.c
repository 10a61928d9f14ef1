/* The output of `tuff check` and `tuff doctor`: the map as a table and the findings, or all
 * of it as JSON (docs/json.md). */
#include <string.h>

#include "conf/check.h"

static const char *const level_names[] = {
	[WG_CHECK_NOTE] = "note",
	[WG_CHECK_WARNING] = "warning",
	[WG_CHECK_ERROR] = "error",
};

/* Columns are as wide as their longest text, up to a bound. */
#define MAX_COLUMN 50

static int column_width(const struct wg_check *check)
{
	size_t width = strlen("ADDRESS");

	for (size_t i = 0; i < check->n_places; i++) {
		size_t len = strlen(check->places[i].address);

		if (len > width && len <= MAX_COLUMN)
			width = len;
	}
	return (int)width;
}

static void print_map(FILE *file, const struct wg_check *check)
{
	int width = column_width(check);

	fprintf(file, "%-8s  %-*s  %5s  %s\n", "WHERE", width, "ADDRESS", "LINE", "WHOSE");
	for (size_t i = 0; i < check->n_places; i++) {
		const struct wg_check_place *place = &check->places[i];
		char line[16] = "-";

		if (place->line)
			snprintf(line, sizeof(line), "%u", place->line);
		fprintf(file, "%-8s  %-*s  %5s  %s\n", place->inside ? "inside" : "outside", width,
			place->address, line, place->owner);
	}
}

static void print_finding(FILE *file, const struct wg_check *check,
			  const struct wg_check_finding *finding)
{
	fprintf(file, "%s:", check->file);
	if (finding->line)
		fprintf(file, "%u:", finding->line);
	fprintf(file, " %s: %s [%s]\n", level_names[finding->level], finding->reason,
		finding->code);
	if (finding->remedy)
		fprintf(file, "  remedy: %s\n", finding->remedy);
}

void wg_check_print(FILE *file, const struct wg_check *check)
{
	if (check->n_places)
		print_map(file, check);
	if (check->n_places && check->n_findings)
		fputc('\n', file);
	for (size_t i = 0; i < check->n_findings; i++)
		print_finding(file, check, &check->findings[i]);
}

/* A line, or null for none. */
static json_t *line_json(unsigned int line)
{
	return line ? json_integer(line) : json_null();
}

static json_t *places_json(const struct wg_check *check, bool inside)
{
	json_t *array = json_array();

	for (size_t i = 0; i < check->n_places; i++) {
		const struct wg_check_place *place = &check->places[i];

		if (place->inside == inside)
			json_array_append_new(array,
					      json_pack("{s:s, s:s, s:o}", "address",
							place->address, "whose", place->owner,
							"line", line_json(place->line)));
	}
	return array;
}

static json_t *findings_json(const struct wg_check *check)
{
	json_t *array = json_array();

	for (size_t i = 0; i < check->n_findings; i++) {
		const struct wg_check_finding *finding = &check->findings[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:o, s:s, s:s?}", "code", finding->code,
						"level", level_names[finding->level], "line",
						line_json(finding->line), "reason", finding->reason,
						"remedy", finding->remedy));
	}
	return array;
}

json_t *wg_check_json(const struct wg_check *check)
{
	if (check->failed)
		return NULL;
	return json_pack("{s:s, s:s?, s:o, s:o, s:o, s:b}", "file", check->file, "interface",
			 check->name, "outside", places_json(check, false), "inside",
			 places_json(check, true), "findings", findings_json(check), "problems",
			 wg_check_has_problems(check));
}

json_t *wg_check_doctor_json(const struct wg_check *check)
{
	if (check->failed)
		return NULL;
	return json_pack("{s:s, s:o, s:b}", "interface", check->file, "findings",
			 findings_json(check), "problems", wg_check_has_problems(check));
}
