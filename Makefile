# make          the library and the programs        make deps     install what is missing
# make test     all tests, in float and in double   make bench    speed of kernels and training steps
# make test-golden  training steps against other frameworks; GOLDEN_DIR=/some/folder for more golden files
# make mutants  plants bugs: do the tests see them? make test-long  all of it, sanitizers included: an hour or more
# make bench-compare BASE=old.json  what got slower;  make bench-peers PYTHON=...  beside PyTorch and TensorFlow
# make bench-against OLD=../folder  training steps of another version and of this one, in turn
# make install  into PREFIX (/usr/local) for programs that use the library through pkg-config; make uninstall
# Options: REAL=double (double precision), SANITIZE=1 (address and undefined behaviour), SANITIZE=thread (data races; with
# clang++ and its libomp), CXX=clang++, ARCH=haswell (any -march= of the compiler, else this machine's own). One variant of
# the tests: make REAL=double SANITIZE=1 test-one

REAL     ?= float
SANITIZE ?=
ARCH     ?= native
ifeq ($(filter float double,$(REAL)),)
$(error make: got REAL=$(REAL); expected float or double)
endif
ifneq ($(filter-out 1 thread,$(SANITIZE)),)
$(error make: got SANITIZE=$(SANITIZE); expected 1 or thread, or nothing)
endif
BUILD    := build/$(REAL)$(addprefix -sanitize-,$(SANITIZE))$(addprefix -,$(filter-out native,$(ARCH)))
PROGRAMS := $(if $(filter build/float,$(BUILD)),apps,$(BUILD)/apps)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN) --no-print-directory
endif

# ThreadSanitizer does not know the barriers of libgomp; it knows those of libomp, but not what else happens in there.
ifeq ($(SANITIZE),thread)
CXX := clang++
export TSAN_OPTIONS := ignore_noninstrumented_modules=1
export OMP_WAIT_POLICY := passive
endif

, := ,
SANITIZER := $(if $(SANITIZE),-fsanitize=$(if $(filter thread,$(SANITIZE)),thread,address$(,)undefined))

# No -ffast-math: results must not depend on what a compiler thinks is close enough.
CXXFLAGS += -std=c++20 -O3 -march=$(ARCH) -fopenmp -fno-math-errno -fno-trapping-math -Wall -Wextra -MMD -MP -I.
CXXFLAGS += $(patsubst -I%,-isystem %,$(shell pkg-config --cflags eigen3 2>/dev/null)) -DEIGEN_DONT_PARALLELIZE
CXXFLAGS += $(if $(filter double,$(REAL)),-DTAPESTRY_DOUBLE) $(if $(SANITIZE),-O1 -g1 $(SANITIZER))
LDLIBS   += -lz -lcrypto
# Inner loops begin with a line of the instruction cache, or it would be a matter of luck. A pointer for which no register
# is left waits in memory: GCC would keep it in a vector register, and there it queues behind the multiplications.
MEMORY_SPILLS := -mtune-ctrl=^inter_unit_moves_from_vec
MEMORY_SPILLS := $(if $(shell $(CXX) $(MEMORY_SPILLS) -E -x c++ /dev/null >/dev/null 2>&1 && echo known),$(MEMORY_SPILLS))
$(BUILD)/autograd/kernels/%.o: CXXFLAGS += -falign-loops=64 $(MEMORY_SPILLS)
# What is not the library proper is compiled often and runs seldom.
$(BUILD)/apps/%.o $(BUILD)/tests/%.o: CXXFLAGS += -O1
# False alarms of g++ 12: about strings everywhere, and about its own intrinsics under Eigen's vectors.
CXXFLAGS += $(if $(filter g++%,$(notdir $(CXX))),-Wno-restrict -Wno-stringop-overread)
$(BUILD)/autograd/kernels/%.o $(BUILD)/tests/test_kernel%.o: CXXFLAGS += $(if $(filter g++%,$(notdir $(CXX))),-Wno-maybe-uninitialized -Wno-uninitialized -Wno-ignored-attributes)

LIBRARY := $(BUILD)/libtapestry.a
SOURCES := $(wildcard autograd/*.cpp autograd/kernels/*.cpp layers/*.cpp optim/*.cpp datasets/*.cpp apps/common/*.cpp)
APPS    := $(wildcard apps/*.cpp)
MAINS   := $(APPS) $(wildcard apps/bench/*.cpp)
TESTS   := $(wildcard tests/*.cpp)
object   = $(patsubst %.cpp,$(BUILD)/%.o,$(1))
program  = $(patsubst apps/%.cpp,$(PROGRAMS)/%,$(1))

all: $(LIBRARY) $(call program,$(MAINS))

$(LIBRARY): $(call object,$(SOURCES))
	@rm -f $@ && ar rcs $@ $^

# The gradient check needs double precision, and little of the library: here it is built in double in any case.
CHECKER := $(wildcard autograd/*.cpp autograd/kernels/*.cpp layers/*.cpp apps/common/gradient_table*.cpp) \
  apps/common/command_line.cpp apps/common/problems.cpp apps/gradcheck.cpp
ifeq ($(REAL),double)
$(PROGRAMS)/gradcheck: $(call object,$(CHECKER))
	@mkdir -p $(@D) && echo "link $@"
	@$(CXX) $(CXXFLAGS) $^ -o $@
else
$(PROGRAMS)/gradcheck: always
	@$(MAKE) -s REAL=double PROGRAMS=$(PROGRAMS) $@
endif

$(PROGRAMS)/%: $(BUILD)/apps/%.o $(LIBRARY)
	@mkdir -p $(@D) && echo "link $@"
	@$(CXX) $(CXXFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/tests/tests: $(call object,$(TESTS)) $(LIBRARY)
	@echo "link $@"
	@$(CXX) $(CXXFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/%.o: %.cpp | build/dependencies
	@mkdir -p $(@D) && echo "$(CXX) $< ($(BUILD))"
	@$(CXX) $(CXXFLAGS) -c $< -o $@

# One variant of the tests; `make test` runs two. They find the programs of their variant through TAPESTRY_PROGRAMS.
test-one: $(call program,$(APPS) apps/bench/kernels.cpp) $(BUILD)/tests/tests
	@TAPESTRY_PROGRAMS=$(PROGRAMS) $(BUILD)/tests/tests
test: $(if $(filter deps,$(MAKECMDGOALS)),deps)
	@$(MAKE) REAL=float all test-one
	@$(MAKE) REAL=double test-one
	@tests/mutants/run.sh --quick $(QUICK_MUTANTS)

# Training steps of the recipes against their frameworks; GOLDEN_DIR may name a folder of further golden files.
test-golden:
	@for real in double float; do \
	  $(MAKE) REAL=$$real build/$$real/tests/tests && build/$$real/tests/tests -tc='golden: *' || exit; done

# Bugs that are planted in every test run. `make mutants` plants all of them and ends with the score.
QUICK_MUTANTS := tape-overwrites-fan-out bce-forgets-fakes same-pads-other-side running-momentum-exchanged adam-epsilon-exchanged
mutants:
	@for real in double float; do $(MAKE) REAL=$$real all build/$$real/tests/tests || exit; done
	@tests/mutants/run.sh

# The long proof: the tests with sanitizers, then every planted bug.
test-long: test
	@$(MAKE) SANITIZE=1 test-one
	@$(MAKE) SANITIZE=thread test-one
	@$(MAKE) mutants

# Kernels, then whole steps. Compared with a stored report, or with other frameworks that a PYTHON has.
BASE   ?= build/bench-base.json
PYTHON ?= python3
bench: all
	$(PROGRAMS)/bench/kernels build/bench.json
	$(PROGRAMS)/bench/steps build/bench.json
bench-compare: $(PROGRAMS)/bench/compare
	@$< $(BASE) build/bench.json
bench-peers: $(PROGRAMS)/bench/steps
	@$< --python $(PYTHON)

# Steps of this version and of an older one in turn, in one program: the older one gets another name for its namespace.
OLD     ?=
RECIPES ?=
AGAINST := $(CURDIR)/$(BUILD)/against$(subst /,-,$(abspath $(OLD)))
bench-against: $(LIBRARY)
	@[ -f '$(OLD)/apps/common/session.hpp' ] || { \
	  echo "bench-against: got OLD='$(OLD)'; expected the folder of another version, say of git worktree add ../older HEAD~5" >&2; exit 1; }
	@CXXFLAGS=-Dtapestry=older $(MAKE) -s -C $(OLD) BUILD=$(AGAINST) $(AGAINST)/libtapestry.a
	@$(CXX) -DSIDE=this_version $(CXXFLAGS) -c apps/bench/against/side.cpp -o $(AGAINST)/this.o
	@$(CXX) -DSIDE=older_version -Dtapestry=older -I$(OLD) $(CXXFLAGS) -c apps/bench/against/side.cpp -o $(AGAINST)/older.o
	@$(CXX) $(CXXFLAGS) apps/bench/against/main.cpp $(AGAINST)/this.o $(AGAINST)/older.o $(LIBRARY) $(AGAINST)/libtapestry.a \
	  $(LDLIBS) -o $(AGAINST)/steps
	@$(AGAINST)/steps $(RECIPES)

# $(DESTDIR)$(PREFIX) gets headers, library, programs and configurations, and tapestry.pc, which tells a compiler where.
PREFIX    ?= /usr/local
INSTALLED := $(DESTDIR)$(abspath $(PREFIX))
SHARED    := $(INSTALLED)/share/tapestry/configs
HEADERS   := $(wildcard autograd/*.hpp layers/*.hpp optim/*.hpp datasets/*.hpp apps/common/*.hpp)

install: $(LIBRARY) $(call program,$(APPS))
	@set -e; for header in $(HEADERS); do to=$(INSTALLED)/include/tapestry/$${header%/*}; \
	  mkdir -p $$to; install -m 644 $$header $$to; done
	@mkdir -p $(INSTALLED)/lib/pkgconfig $(INSTALLED)/bin $(SHARED)
	@install -m 644 $(LIBRARY) $(INSTALLED)/lib
	@install -m 755 $(call program,$(APPS)) $(INSTALLED)/bin
	@install -m 644 config.json $(wildcard apps/configs/*.json) $(SHARED)
	@printf '%s\n' 'prefix=$(abspath $(PREFIX))' '' 'Name: tapestry' \
	  'Description: deep learning from the first scalar to the last pixel' \
	  'Version: $(shell sed -n 's/.* version = "\(.*\)";/\1/p' apps/common/version.hpp)' \
	  'Cflags: -I$${prefix}/include/tapestry $(if $(filter double,$(REAL)),-DTAPESTRY_DOUBLE) $(SANITIZER)' \
	  'Libs: -L$${prefix}/lib -ltapestry -fopenmp $(LDLIBS) $(SANITIZER)' >$(INSTALLED)/lib/pkgconfig/tapestry.pc
	@echo "installed in $(INSTALLED)"

uninstall:
	rm -rf $(INSTALLED)/include/tapestry $(INSTALLED)/share/tapestry
	rm -f $(INSTALLED)/lib/libtapestry.a $(INSTALLED)/lib/pkgconfig/tapestry.pc \
	  $(patsubst apps/%.cpp,$(INSTALLED)/bin/%,$(APPS))

# Header, and the packages that hold it for apt-get, dnf and brew.
DEPENDENCIES := Eigen/Core:libeigen3-dev:eigen3-devel:eigen  nlohmann/json.hpp:nlohmann-json3-dev:json-devel:nlohmann-json \
  doctest/doctest.h:doctest-dev:doctest-devel:doctest  stb/stb_image_write.h:libstb-dev:stb_image_write-devel:stb  stb/stb_image.h:libstb-dev:stb_image-devel:stb \
  CLI/CLI.hpp:libcli11-dev:cli11-devel:cli11  zlib.h:zlib1g-dev:zlib-devel:zlib \
  openssl/sha.h:libssl-dev:openssl-devel:openssl  omp.h:libgomp1:libgomp:libomp
MANAGER := $(firstword $(foreach m,apt-get dnf brew,$(if $(shell command -v $(m)),$(m))))
package  = $(word $(if $(filter apt-get,$(MANAGER)),2,$(if $(filter dnf,$(MANAGER)),3,4)),$(subst :, ,$(1)))
hash    := \#
missing  = $(foreach d,$(DEPENDENCIES),$(shell echo '$(hash)include <$(firstword $(subst :, ,$(d)))>' | \
  $(CXX) $(filter-out -MMD -MP,$(CXXFLAGS)) -E -x c++ - >/dev/null 2>&1 || echo $(d)))
missing_tools = $(if $(shell command -v pkg-config),,pkg-config) $(if $(shell command -v $(CXX)),,g++)
SUDO    := $(if $(filter-out 0,$(shell id -u)),$(if $(filter brew,$(MANAGER)),,sudo))

deps:
	@set -- $(missing_tools) $(if $(shell command -v patch),,patch) $(foreach d,$(missing),$(call package,$(d))); [ $$# = 0 ] || { \
	  [ -n "$(MANAGER)" ] || { echo "make deps: needs one of apt-get, dnf and brew to install $$*" >&2; exit 1; }; \
	  [ "$(MANAGER)" != apt-get ] || $(SUDO) apt-get update; $(SUDO) $(MANAGER) install $(if $(filter brew,$(MANAGER)),,-y) "$$@"; }

build/dependencies: $(if $(filter deps,$(MAKECMDGOALS)),deps)
	@set -- $(missing_tools) $(foreach d,$(missing),$(firstword $(subst :, ,$(d)))); [ $$# = 0 ] || { \
	  echo "missing: $$*; expected on this machine to build Tapestry; run: make deps" >&2; exit 1; }
	@mkdir -p build && touch $@

clean:
	rm -rf build $(patsubst apps/%.cpp,apps/%,$(MAINS))

.PHONY: all test test-one test-long test-golden mutants bench bench-compare bench-peers bench-against install uninstall deps clean always
.SECONDARY:
-include $(patsubst %.o,%.d,$(call object,$(SOURCES) $(MAINS) $(TESTS)))
