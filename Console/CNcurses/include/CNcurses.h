// What the terminal layer needs of ncurses: the library's macros, globals and variadic calls are out of Swift's reach,
// so each function here wraps one of them, or does what must be done inside a signal handler.
#ifndef LODGE_CNCURSES_H
#define LODGE_CNCURSES_H

#include <stdint.h>

// One cell as the screen model has it. columns is 1 or 2; 0 is the right half of a wide character.
typedef struct {
    uint32_t scalar;
    uint32_t mark;
    uint32_t second_mark;
    uint8_t columns;
    uint8_t colour;      // pair set by lodge_curses_pair, 0 is the terminal's own
    uint8_t attributes;  // LODGE_ATTRIBUTE_...
} lodge_cell;

#define LODGE_ATTRIBUTE_BOLD 1
#define LODGE_ATTRIBUTE_DIM 2
#define LODGE_ATTRIBUTE_REVERSE 4
#define LODGE_ATTRIBUTE_UNDERLINE 8

// Kinds of input.
#define LODGE_INPUT_NONE 0
#define LODGE_INPUT_CHARACTER 1
#define LODGE_INPUT_KEY 2

// Function keys, independent of ncurses' numbers.
enum {
    LODGE_KEY_UP = 1, LODGE_KEY_DOWN, LODGE_KEY_LEFT, LODGE_KEY_RIGHT, LODGE_KEY_PAGE_UP, LODGE_KEY_PAGE_DOWN,
    LODGE_KEY_HOME, LODGE_KEY_END, LODGE_KEY_ENTER, LODGE_KEY_BACKSPACE, LODGE_KEY_DELETE, LODGE_KEY_BACK_TAB,
    LODGE_KEY_STATUS_REPLY, LODGE_KEY_OTHER
};

// Sets the character set from the environment; returns 1 when it is UTF-8.
int lodge_locale_open(void);

// Opens the screen on standard input and output. Returns 0, or -1 when the terminal is not known or cannot be
// addressed. colours: how many the terminal has, 0 when it has none or use_colour is 0.
int lodge_curses_open(int use_colour, int *colours);
// Restores the terminal. May be called again without harm.
void lodge_curses_close(void);
// A colour pair on the terminal's own background; foreground -1 is the terminal's own.
void lodge_curses_pair(int pair, int foreground);
// Takes the terminal's size again and returns it; nothing is drawn.
void lodge_curses_size(int *rows, int *columns);
// Draws count cells of row y from its first column.
void lodge_curses_row(int y, const lodge_cell *cells, int count);
// Shows the cursor at a place, or hides it with x < 0.
void lodge_curses_cursor(int y, int x);
// Sends what changed since the last call.
void lodge_curses_flush(void);
// Lets the next flush draw everything anew.
void lodge_curses_repaint(void);
// Next input without waiting.
int lodge_curses_input(uint32_t *value);
// Stops the process group as Ctrl-Z would, terminal restored; returns when it goes on.
void lodge_curses_suspend(void);
// Writes bytes past ncurses, for sequences it does not know. Returns 0 or -1.
int lodge_terminal_write(const char *bytes, int count);
// Throws away input that has not been read.
void lodge_terminal_discard_input(void);
// The size of the terminal on a descriptor; returns 0 or -1.
int lodge_terminal_size(int descriptor, int *rows, int *columns);

// From now on HUP, INT, TERM, TSTP, CONT and WINCH are written as one byte each ('H','I','T','Z','C','W') into a pipe
// whose reading end is returned (-1 when there is none); a crash restores the terminal before the process ends.
int lodge_signals_open(void);

#endif
