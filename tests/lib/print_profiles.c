/* Prints the built-in profiles, a scenario a line, for a comparison with the manual page. */
#include "config.h"

#include <stdio.h>

#include "coordinator/profile.h"
#include "shared/poison.h"

int
main(int argc, char **argv)
{
	const struct scenario *s;
	struct profile p;
	struct err e;
	int i, k;

	for (i = 1; i < argc; i++) {
		if (profile_load(argv[i], &p, &e) == -1) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
		for (k = 0; k < p.scenario_count; k++) {
			s = &p.scenario[k];
			printf("%s %s %g %g %g %lld %lld\n", p.name, s->name,
			    (double)s->duration_us / 1e6, (double)s->rate_mhz[LOAD_REST] / 1e3,
			    (double)s->rate_mhz[LOAD_WS] / 1e3, (long long)s->lanes[LOAD_REST],
			    (long long)s->lanes[LOAD_WS]);
		}
	}
	return 0;
}
