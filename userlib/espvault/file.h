/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files, as commands name them. Each function answers EXIT_OK, or it has complained. */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>

/* All of a file of 1 to max bytes, "-": of standard input. */
int read_file(const char *path, void *to, size_t max, size_t *len);
/* At most one of n files is "-"; NULL: no file. */
int one_stdin(const char *const *paths, size_t n);
/* A file that only its owner can read, "-": standard output. */
int write_file(const char *path, const void *bytes, size_t len);

#endif
