# SPDX-License-Identifier: MIT
#
# rules.mk: tests of the Windows headers and the code behind them.
#
# check-win       everything that needs no target: unit tests on a fake library under ASan and UBSan, layout witnesses,
#                 the client programs against the fake (about half a minute)
# win-clients     the client programs, linked with the real library, for the system tests

WIN_BUILD := $(BUILD)/tests/win
# What a user of the headers gives, and what tests that look inside give.
WIN_CLIENT_INCLUDES := -Ihost/include -Ihost/include/kdio/win
WIN_INCLUDES := -I. $(WIN_CLIENT_INCLUDES)
WIN_SANITIZE := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
WIN_WARNINGS := -Wall -Wextra -Werror -Wshadow
# Only a C object stands behind the C++ classes, and it has no type information for the sanitizer to look at.
WIN_CXXFLAGS := -std=c++17 $(WIN_WARNINGS) -fno-sanitize=vptr
WIN_CFLAGS := -std=c11 $(WIN_WARNINGS) -Wstrict-prototypes -Wmissing-prototypes

WIN_HEADERS := host/include/kdio.h $(wildcard host/include/kdio/*.h host/include/kdio/win/*.h)

WIN_UNIT_TESTS := $(addprefix $(WIN_BUILD)/test_,hresult options format port memory spaces client extension)
WIN_OBJECTS := $(patsubst %.c,$(WIN_BUILD)/%.o,$(wildcard host/win/*.c) tests/win/fake_kdio.c \
    tests/win/fake_machine.c)
WIN_WITNESSES := $(addprefix $(WIN_BUILD)/witness-,mingw gcc clang g++ clang++)

.PHONY: check-win win-clients $(WIN_WITNESSES)

# ---- Unit tests ----

$(WIN_BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -Ihost/include/kdio/win $(WIN_SANITIZE) -c -o $@ $<

$(WIN_UNIT_TESTS): $(WIN_BUILD)/test_%: $(WIN_BUILD)/tests/win/test_%.o $(WIN_OBJECTS)
	$(Q)$(CC) $(WIN_SANITIZE) -o $@ $^ $(LDFLAGS) -lcmocka

# ---- Client programs: against the fake, and for a real target ----

$(addprefix $(WIN_BUILD)/,client_c-fake client_cpp-fake client_c client_cpp): $(WIN_HEADERS)

$(WIN_BUILD)/client_c-fake: tests/win/client_c.c $(WIN_OBJECTS)
	$(Q)$(CC) $(WIN_CFLAGS) $(WIN_SANITIZE) $(WIN_CLIENT_INCLUDES) -o $@ $(filter-out %.h,$^) $(LDFLAGS)

$(WIN_BUILD)/client_cpp-fake: tests/win/client_cpp.cpp $(WIN_OBJECTS)
	$(Q)$(CXX) $(WIN_SANITIZE) $(WIN_CXXFLAGS) $(WIN_CLIENT_INCLUDES) -o $@ $(filter-out %.h,$^) $(LDFLAGS)

win-clients: $(WIN_BUILD)/client_c $(WIN_BUILD)/client_cpp

# The C client takes the static library and the C++ client the shared one, as it would be installed.
$(WIN_BUILD)/client_c: tests/win/client_c.c $(BUILD)/libkdio.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(WIN_CFLAGS) -g -O2 $(WIN_CLIENT_INCLUDES) -o $@ $(filter-out %.h,$^) $(LDFLAGS) $(HOST_LIBS)

$(WIN_BUILD)/client_cpp: tests/win/client_cpp.cpp $(BUILD)/libkdio.so
	@mkdir -p $(@D)
	$(Q)$(CXX) $(WIN_CXXFLAGS) -g -O2 $(WIN_CLIENT_INCLUDES) -o $@ $< $(LDFLAGS) -L$(BUILD) -lkdio \
	    -Wl,-rpath,'$$ORIGIN/../..'

# ---- Witnesses: compilers judge, nothing is kept ----

WIN_SELECTIONS := KDEXT_64BIT KDEXT_32BIT KDEXT_NEITHER NOEXTAPI

# Only the lists come from kdio: <windows.h> and <dbgeng.h> are mingw-w64's.
$(WIN_BUILD)/witness-mingw: tests/win/layout.c
	$(Q)x86_64-w64-mingw32-gcc -std=c11 $(WIN_WARNINGS) -Ihost/include -fsyntax-only $<

$(WIN_BUILD)/witness-gcc $(WIN_BUILD)/witness-clang: $(WIN_BUILD)/witness-%: tests/win/layout.c
	$(Q)$* $(WIN_CFLAGS) -pedantic $(WIN_INCLUDES) -fsyntax-only tests/win/layout.c
	$(Q)for selection in $(WIN_SELECTIONS); do \
	    $* $(WIN_CFLAGS) -pedantic $(WIN_INCLUDES) -D$$selection -fsyntax-only tests/win/layout_wdbgexts.c || exit 1; done
	$(Q)mkdir -p $(@D)/m32/gnu && : > $(@D)/m32/gnu/stubs-32.h
	$(Q)$* -m32 $(WIN_CFLAGS) $(WIN_INCLUDES) -isystem /usr/include/x86_64-linux-gnu -isystem $(@D)/m32 -fsyntax-only \
	    tests/win/layout_wdbgexts.c
	$(Q)$* $(WIN_CFLAGS) -pedantic $(WIN_INCLUDES) -fsyntax-only tests/win/client_c.c

$(WIN_BUILD)/witness-g++ $(WIN_BUILD)/witness-clang++: $(WIN_BUILD)/witness-%: tests/win/layout_cpp.cpp
	@mkdir -p $(@D)
	$(Q)$* $(WIN_CXXFLAGS) -pedantic $(WIN_INCLUDES) -o $(@D)/layout_cpp-$* $< && $(@D)/layout_cpp-$*
	$(Q)$* $(WIN_CXXFLAGS) -pedantic $(WIN_INCLUDES) -fsyntax-only tests/win/client_cpp.cpp
	$(Q)for selection in $(WIN_SELECTIONS); do echo '#include <wdbgexts.h>' | \
	    $* $(WIN_CXXFLAGS) -pedantic $(WIN_INCLUDES) -D$$selection -fsyntax-only -x c++ - || exit 1; done

check-win: $(WIN_UNIT_TESTS) $(WIN_WITNESSES) $(WIN_BUILD)/client_c-fake $(WIN_BUILD)/client_cpp-fake
	$(Q)for test in $(WIN_UNIT_TESTS); do $$test || exit 1; done
	$(Q)for client in client_c client_cpp; do \
	    $(WIN_BUILD)/$$client-fake gensio:fake 2e8 > $(WIN_BUILD)/$$client.log || \
	    { cat $(WIN_BUILD)/$$client.log; exit 1; }; done
