# SPDX-License-Identifier: MIT
#
# rules.mk: tests of the Windows headers and the code behind them.
#
# check-win       everything that needs no target: unit tests on a fake library under ASan and UBSan, layout witnesses,
#                 extensions, blind retries over a line that is cut,
#                 the client programs against the fake (about half a minute)
# check-win-target  a client and extensions on the real image in QEMU
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

WIN_UNIT_TESTS := $(addprefix $(WIN_BUILD)/test_,hresult options format port memory spaces client extension loader)
WIN_LIBRARY_OBJECTS := $(patsubst %.c,$(WIN_BUILD)/%.o,$(wildcard host/win/*.c))
WIN_OBJECTS := $(WIN_LIBRARY_OBJECTS) $(patsubst %,$(WIN_BUILD)/tests/win/fake_%.o,kdio machine interpret)
WIN_WITNESSES := $(addprefix $(WIN_BUILD)/witness-,mingw gcc clang g++ clang++)

.PHONY: check-win check-win-target win-clients $(WIN_WITNESSES)

# ---- Unit tests ----

$(WIN_BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -Ihost/include/kdio/win $(WIN_SANITIZE) -c -o $@ $<

$(WIN_UNIT_TESTS): $(WIN_BUILD)/test_%: $(WIN_BUILD)/tests/win/test_%.o $(WIN_OBJECTS)
	$(Q)$(CC) $(WIN_SANITIZE) -o $@ $^ $(LDFLAGS) -lcmocka

# The real library and the real stub, over a line that is cut; the library's own tests have the stub.
WIN_RETRY_OBJECTS := $(patsubst %.c,$(BUILD)/tests/lib/%.o,tests/lib/peer.c \
    $(wildcard proto/*.c host/lib/*.c) $(filter-out stub/memory.c,$(wildcard stub/*.c)))
$(WIN_BUILD)/test_retry: $(WIN_BUILD)/tests/win/test_retry.o $(WIN_LIBRARY_OBJECTS) $(WIN_RETRY_OBJECTS)
	$(Q)$(CC) $(WIN_SANITIZE) -o $@ $^ $(LDFLAGS) $(HOST_LIBS) -lcmocka

# ---- Extensions: as their source would be on Windows, and those that must be refused ----

# On Windows too every command has four parameters that few use.
WIN_EXT_FLAGS := -g -O1 $(WIN_WARNINGS) -Wno-unused-parameter -shared -fPIC $(WIN_CLIENT_INCLUDES)
WIN_BROKEN := none no_version revision init symbol old
WIN_EXTENSIONS := $(patsubst %,$(WIN_BUILD)/ext_%.so,pci spaces text $(WIN_BROKEN))

$(WIN_BUILD)/ext_%.so: tests/win/ext_%.c $(WIN_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(WIN_EXT_FLAGS) -o $@ $<

$(WIN_BUILD)/ext_%.so: tests/win/ext_%.cpp $(WIN_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 $(WIN_EXT_FLAGS) -o $@ $<

$(patsubst %,$(WIN_BUILD)/ext_%.so,$(WIN_BROKEN)): $(WIN_BUILD)/ext_%.so: tests/win/ext_broken.c $(WIN_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(WIN_EXT_FLAGS) -D$$(echo $* | tr a-z A-Z) -o $@ $<

$(WIN_BUILD)/ext_text.so: tests/win/rules.mk
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(WIN_BUILD)/test_loader: | $(WIN_EXTENSIONS)

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

# Only the lists come from kdio: <windows.h> and <dbgeng.h> are mingw-w64's. It has no wdbgexts.h: for the extension
# that is kdio's, on top of mingw-w64's types.
$(WIN_BUILD)/witness-mingw: tests/win/layout.c
	$(Q)x86_64-w64-mingw32-gcc -std=c11 $(WIN_WARNINGS) -Ihost/include -fsyntax-only $<
	@mkdir -p $(@D)/mingw && echo '#include <kdio/win/wdbgexts.h>' >$(@D)/mingw/wdbgexts.h
	$(Q)x86_64-w64-mingw32-gcc -std=c11 $(WIN_WARNINGS) -Wno-unused-parameter -I$(@D)/mingw -Ihost/include \
	    -fsyntax-only tests/win/ext_pci.c
	$(Q)x86_64-w64-mingw32-g++ -std=c++17 $(WIN_WARNINGS) -fsyntax-only tests/win/ext_spaces.cpp
	$(Q)x86_64-w64-mingw32-g++ -std=c++17 -O2 $(WIN_WARNINGS) -Wno-ignored-attributes -Ihost/include -c \
	    -o $(@D)/mingw/slots.o tests/win/slots.cpp
	$(Q)! x86_64-w64-mingw32-nm -u $(@D)/mingw/slots.o | grep slot_is_wrong
	$(Q)x86_64-w64-mingw32-gcc -std=c11 $(WIN_WARNINGS) -o $(@D)/mingw/inventory.exe tests/win/inventory.c -ldbgeng

$(WIN_BUILD)/witness-gcc $(WIN_BUILD)/witness-clang: $(WIN_BUILD)/witness-%: tests/win/layout.c
	$(Q)$* $(WIN_CFLAGS) -pedantic $(WIN_INCLUDES) -fsyntax-only tests/win/layout.c
	$(Q)for selection in $(WIN_SELECTIONS); do \
	    $* $(WIN_CFLAGS) -pedantic $(WIN_INCLUDES) -D$$selection -fsyntax-only tests/win/layout_wdbgexts.c || exit 1; done
	$(Q)mkdir -p $(@D)/m32/gnu && : > $(@D)/m32/gnu/stubs-32.h
	$(Q)for layout in layout layout_wdbgexts; do \
	    $* -m32 $(WIN_CFLAGS) $(WIN_INCLUDES) -isystem /usr/include/x86_64-linux-gnu -isystem $(@D)/m32 -fsyntax-only \
	    tests/win/$$layout.c || exit 1; done
	$(Q)$* $(WIN_CFLAGS) -pedantic $(WIN_INCLUDES) -fsyntax-only tests/win/client_c.c

$(WIN_BUILD)/witness-g++ $(WIN_BUILD)/witness-clang++: $(WIN_BUILD)/witness-%: tests/win/layout_cpp.cpp
	@mkdir -p $(@D)
	$(Q)$* $(WIN_CXXFLAGS) -pedantic $(WIN_INCLUDES) -o $(@D)/layout_cpp-$* $< && $(@D)/layout_cpp-$*
	$(Q)$* $(WIN_CXXFLAGS) -pedantic $(WIN_INCLUDES) -fsyntax-only tests/win/client_cpp.cpp
	$(Q)$* $(WIN_CXXFLAGS) -O2 $(WIN_INCLUDES) -c -o $(@D)/slots-$*.o tests/win/slots.cpp
	$(Q)! nm -u $(@D)/slots-$*.o | grep slot_is_wrong
	$(Q)for selection in $(WIN_SELECTIONS); do echo '#include <wdbgexts.h>' | \
	    $* $(WIN_CXXFLAGS) -pedantic $(WIN_INCLUDES) -D$$selection -fsyntax-only -x c++ - || exit 1; done

# The examples of kdio-win(7), with the flags that the page gives; they are no library's, so their functions need no
# prototypes.
WIN_EXAMPLES := $(WIN_BUILD)/examples
.PHONY: win-examples
win-examples: host/man/kdio-win.7
	$(Q)python3 tests/win/examples $(WIN_EXAMPLES)
	$(Q)$(CC) -std=c11 -Wall -Werror -fsyntax-only $(WIN_CLIENT_INCLUDES) $(WIN_EXAMPLES)/client.c
	$(Q)$(CC) -std=c11 -Wall -Werror -shared -fPIC -o $(WIN_EXAMPLES)/c.so $(WIN_CLIENT_INCLUDES) \
	    $(WIN_EXAMPLES)/extension.c
	$(Q)$(CXX) -std=c++17 -Wall -Werror -fsyntax-only $(WIN_CLIENT_INCLUDES) $(WIN_EXAMPLES)/client.cpp
	$(Q)$(CXX) -std=c++17 -Wall -Werror -shared -fPIC -o $(WIN_EXAMPLES)/cpp.so $(WIN_CLIENT_INCLUDES) \
	    $(WIN_EXAMPLES)/extension.cpp

check-win: win-examples $(WIN_UNIT_TESTS) $(WIN_BUILD)/test_retry $(WIN_WITNESSES) \
    $(WIN_BUILD)/client_c-fake $(WIN_BUILD)/client_cpp-fake
	$(Q)for test in $(WIN_UNIT_TESTS) $(WIN_BUILD)/test_retry; do $$test || exit 1; done
	$(Q)for client in client_c client_cpp; do \
	    $(WIN_BUILD)/$$client-fake gensio:fake 2e8 > $(WIN_BUILD)/$$client.log || \
	    { cat $(WIN_BUILD)/$$client.log; exit 1; }; done

# ---- On the real image ----

$(WIN_BUILD)/inventory: tests/win/inventory.c $(BUILD)/libkdio.so $(WIN_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(WIN_CFLAGS) -g -O2 $(WIN_CLIENT_INCLUDES) -o $@ $< $(LDFLAGS) -L$(BUILD) -lkdio -Wl,-rpath,'$$ORIGIN/../..'

check-win-target: all $(BUILD)/tests/system/poke $(WIN_BUILD)/inventory $(WIN_EXTENSIONS)
	$(Q)BUILD=$(BUILD) python3 tests/win/test_target.py
