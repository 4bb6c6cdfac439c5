// SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT
/* esvgen: prints the interface's tables in the forms that people and programs need. */
#include <string.h>

#include "gen.h"

static int usage(FILE *out)
{
	fputs("usage: esvgen --abi | --json | --dict\n"
	      "       esvgen --markdown <CHAPTER   chapter with its tables made again\n"
	      "       esvgen --decode STRUCT <HEX  hex digits to fields\n", out);
	return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int ret = 0;

	if (argc == 2 && !strcmp(what, "--abi"))
		gen_print_abi(stdout);
	else if (argc == 2 && !strcmp(what, "--json"))
		gen_print_json(stdout);
	else if (argc == 2 && !strcmp(what, "--dict"))
		gen_print_dict(stdout);
	else if (argc == 2 && !strcmp(what, "--markdown"))
		ret = gen_filter_markdown(stdin, stdout);
	else if (argc == 3 && !strcmp(what, "--decode"))
		ret = gen_decode(argv[2], stdin, stdout);
	else
		return usage(argc == 2 && !strcmp(what, "--help") ? stdout : stderr);

	if (fflush(stdout) || ferror(stdout)) {
		perror("esvgen");
		return 1;
	}
	return ret < 0 ? 1 : 0;
}
