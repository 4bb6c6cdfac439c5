// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The terminal's other screen, where it has one, so that what was on it comes back. Lines are
 * overwritten rather than cleared first: that does not flicker.
 */
#include "screen.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define OTHER_SCREEN	"\033[?1049h"
#define OWN_SCREEN	"\033[?1049l"
#define HIDE_CURSOR	"\033[?25l"
#define SHOW_CURSOR	"\033[?25h"
#define HOME		"\033[H"
#define CLEAR_LINE	"\033[K"
#define CLEAR_BELOW	"\033[J"

bool screen_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb");
}

static void say(const char *sequences)
{
	fputs(sequences, stdout);
	fflush(stdout);
}

static void signals_taken(sigset_t *set)
{
	static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };
	size_t i;

	sigemptyset(set);
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(set, taken[i]);
}

int screen_enter(struct screen *s)
{
	sigset_t set;

	signals_taken(&set);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &set, NULL);
	say(OTHER_SCREEN HIDE_CURSOR);
	return 0;
}

void screen_leave(struct screen *s)
{
	if (s->signals < 0)
		return;
	say(SHOW_CURSOR OWN_SCREEN);
	close(s->signals);
	s->signals = -1;
}

/* A shell that has us stopped finds its screen as it was. */
static void stop(void)
{
	say(SHOW_CURSOR OWN_SCREEN);
	raise(SIGSTOP);
	say(OTHER_SCREEN HIDE_CURSOR);
}

int screen_signal(struct screen *s)
{
	struct signalfd_siginfo info;

	while (s->signals >= 0 && read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTSTP)
			stop();
		else if (info.ssi_signo != SIGWINCH)
			return info.ssi_signo;
	}
	return 0;
}

void screen_obey(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	signal(number, SIG_DFL);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void screen_begin(struct screen *s)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
		size = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	s->columns = size.ws_col;
	s->rows = size.ws_row;
	s->row = 0;
	fputs(HOME, stdout);
}

unsigned int screen_rows_left(const struct screen *s)
{
	return s->row < s->rows ? s->rows - s->row : 0;
}

/* A character in the last column of the last row could move everything up; none ends with a newline. */
void screen_line(struct screen *s, const char *text)
{
	if (!screen_rows_left(s))
		return;
	printf("%s%.*s" CLEAR_LINE, s->row ? "\r\n" : "", (int)s->columns - 1, text);
	s->row++;
}

void screen_end(struct screen *s)
{
	(void)s;
	say(CLEAR_BELOW);
}
