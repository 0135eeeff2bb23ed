#define _GNU_SOURCE
#define NCURSES_WIDECHAR 1
#include "CNcurses.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

static SCREEN *screen;
static volatile sig_atomic_t screen_open;
static struct termios saved_modes;
static int have_saved_modes;
static int signal_pipe[2] = {-1, -1};

#define KEY_STATUS_REPLY (KEY_MAX + 1)
#define MAX_COLUMNS 2048

int lodge_locale_open(void) {
    const char *all = getenv("LC_ALL"), *type = getenv("LC_CTYPE"), *lang = getenv("LANG");
    int chosen = (all && *all) || (type && *type) || (lang && *lang);
    // With nothing chosen the C locale would hide every letter beyond ASCII on terminals that all know UTF-8.
    if (!chosen || !setlocale(LC_CTYPE, "")) setlocale(LC_CTYPE, "C.UTF-8");
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int lodge_curses_open(int use_colour, int *colours) {
    have_saved_modes = tcgetattr(STDIN_FILENO, &saved_modes) == 0;
    use_env(TRUE);
    screen = newterm(NULL, stdout, stdin);
    if (!screen) return -1;
    // ncurses would refuse nothing here, but a terminal that cannot place its cursor would scroll garbage.
    char *place = tigetstr("cup");
    if (!place || place == (char *)-1) {
        endwin();
        delscreen(screen);
        screen = NULL;
        if (have_saved_modes) tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
        return -1;
    }
    set_term(screen);
    screen_open = 1;
    raw();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(25);
    leaveok(stdscr, FALSE);
    scrollok(stdscr, FALSE);
    idlok(stdscr, TRUE);
    define_key("\033[0n", KEY_STATUS_REPLY);
    *colours = 0;
    if (use_colour && has_colors() && start_color() == OK) {
        use_default_colors();
        *colours = COLORS;
    }
    return 0;
}

void lodge_curses_close(void) {
    if (!screen_open) return;
    screen_open = 0;
    // Terminals without a second screen keep what is on it: leave a free line for the prompt.
    move(LINES - 1, 0);
    clrtoeol();
    refresh();
    endwin();
    if (have_saved_modes) tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
}

void lodge_curses_pair(int pair, int foreground) { init_pair((short)pair, (short)foreground, -1); }

void lodge_curses_size(int *rows, int *columns) {
    if (lodge_terminal_size(STDOUT_FILENO, rows, columns) == 0 && (*rows != LINES || *columns != COLS)) {
        resizeterm(*rows, *columns);
    }
    getmaxyx(stdscr, *rows, *columns);
}

void lodge_curses_row(int y, const lodge_cell *cells, int count) {
    static cchar_t line[MAX_COLUMNS + 1];
    int used = 0;
    for (int x = 0; x < count && x < MAX_COLUMNS; x++) {
        const lodge_cell *cell = &cells[x];
        if (cell->columns == 0) continue;
        attr_t attributes = 0;
        if (cell->attributes & LODGE_ATTRIBUTE_BOLD) attributes |= A_BOLD;
        if (cell->attributes & LODGE_ATTRIBUTE_DIM) attributes |= A_DIM;
        if (cell->attributes & LODGE_ATTRIBUTE_REVERSE) attributes |= A_REVERSE;
        if (cell->attributes & LODGE_ATTRIBUTE_UNDERLINE) attributes |= A_UNDERLINE;
        wchar_t text[4] = {(wchar_t)cell->scalar, 0, 0, 0};
        int marks = 0;
        // ncurses goes by the C library's widths. Where it sees another width than the screen model, a placeholder of
        // the model's width keeps every column behind it in place.
        if (wcwidth((wchar_t)cell->scalar) == cell->columns) {
            if (cell->mark && wcwidth((wchar_t)cell->mark) == 0) text[1 + marks++] = (wchar_t)cell->mark;
            if (cell->second_mark && wcwidth((wchar_t)cell->second_mark) == 0) {
                text[1 + marks++] = (wchar_t)cell->second_mark;
            }
        } else {
            text[0] = L'?';
        }
        setcchar(&line[used++], text, attributes, cell->colour, NULL);
        if (text[0] == L'?' && cell->columns == 2 && used < MAX_COLUMNS) {
            wchar_t blank[2] = {L' ', 0};
            setcchar(&line[used++], blank, attributes, cell->colour, NULL);
        }
    }
    mvadd_wchnstr(y, 0, line, used);
}

void lodge_curses_cursor(int y, int x) {
    if (x < 0) {
        curs_set(0);
        move(LINES - 1, 0);
    } else {
        curs_set(1);
        move(y, x);
    }
}

void lodge_curses_flush(void) {
    wnoutrefresh(stdscr);
    doupdate();
}

void lodge_curses_repaint(void) { clearok(curscr, TRUE); }

int lodge_curses_input(uint32_t *value) {
    wint_t input;
    int kind = get_wch(&input);
    if (kind == ERR) return LODGE_INPUT_NONE;
    if (kind == OK) {
        *value = (uint32_t)input;
        return LODGE_INPUT_CHARACTER;
    }
    switch (input) {
        case KEY_UP: *value = LODGE_KEY_UP; break;
        case KEY_DOWN: *value = LODGE_KEY_DOWN; break;
        case KEY_LEFT: *value = LODGE_KEY_LEFT; break;
        case KEY_RIGHT: *value = LODGE_KEY_RIGHT; break;
        case KEY_PPAGE: *value = LODGE_KEY_PAGE_UP; break;
        case KEY_NPAGE: *value = LODGE_KEY_PAGE_DOWN; break;
        case KEY_HOME: *value = LODGE_KEY_HOME; break;
        case KEY_END: *value = LODGE_KEY_END; break;
        case KEY_ENTER: *value = LODGE_KEY_ENTER; break;
        case KEY_BACKSPACE: *value = LODGE_KEY_BACKSPACE; break;
        case KEY_DC: *value = LODGE_KEY_DELETE; break;
        case KEY_BTAB: *value = LODGE_KEY_BACK_TAB; break;
        case KEY_STATUS_REPLY: *value = LODGE_KEY_STATUS_REPLY; break;
        default: *value = LODGE_KEY_OTHER; break;
    }
    return LODGE_INPUT_KEY;
}

static void on_signal(int number);

void lodge_curses_suspend(void) {
    endwin();
    if (have_saved_modes) tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
    signal(SIGTSTP, SIG_DFL);
    kill(0, SIGTSTP);
    // The signal stops the process before this line runs on; what follows happens after `fg`.
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGTSTP, &action, NULL);
    clearok(curscr, TRUE);
    refresh();
}

int lodge_terminal_write(const char *bytes, int count) {
    while (count > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, (size_t)count);
        if (written < 0 && errno == EAGAIN) {
            struct pollfd waiting = {.fd = STDOUT_FILENO, .events = POLLOUT};
            poll(&waiting, 1, 1000);
            continue;
        }
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return -1;
        bytes += written;
        count -= (int)written;
    }
    return 0;
}

void lodge_terminal_discard_input(void) { tcflush(STDIN_FILENO, TCIFLUSH); }

int lodge_terminal_size(int descriptor, int *rows, int *columns) {
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return -1;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

static void on_signal(int number) {
    int saved = errno;
    char letter;
    switch (number) {
        case SIGHUP: letter = 'H'; break;
        case SIGINT: letter = 'I'; break;
        case SIGTERM: letter = 'T'; break;
        case SIGTSTP: letter = 'Z'; break;
        case SIGCONT: letter = 'C'; break;
        default: letter = 'W'; break;
    }
    // A full pipe already holds enough to wake the loop.
    ssize_t ignored = write(signal_pipe[1], &letter, 1);
    (void)ignored;
    errno = saved;
}

// Only calls that POSIX allows inside a handler: the state of ncurses may be torn, so the sequences that undo what it
// set are written by hand.
static void on_crash(int number) {
    if (screen_open) {
        static const char restore[] = "\033[?2026l\033[0m\033[?1l\033>\033[?25h\033[?1049l\r\n";
        ssize_t ignored = write(STDOUT_FILENO, restore, sizeof restore - 1);
        (void)ignored;
        if (have_saved_modes) tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
    }
    signal(number, SIG_DFL);
    raise(number);
}

int lodge_signals_open(void) {
    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    const int forwarded[] = {SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH};
    for (unsigned index = 0; index < sizeof forwarded / sizeof *forwarded; index++) {
        sigaction(forwarded[index], &action, NULL);
    }
    struct sigaction crash = {.sa_handler = on_crash, .sa_flags = SA_RESETHAND};
    const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
    for (unsigned index = 0; index < sizeof fatal / sizeof *fatal; index++) sigaction(fatal[index], &crash, NULL);
    atexit(lodge_curses_close);
    return signal_pipe[0];
}
