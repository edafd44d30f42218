# make            the library and the programs           make deps    install what is missing
# make test       all tests, float and double            make bench   speed of kernels and training steps
# Options: REAL=double (the programs in double precision), SANITIZE=1 (address and undefined behaviour), CXX=clang++

REAL     ?= float
SANITIZE ?=
BUILD    := build/$(REAL)$(if $(SANITIZE),-sanitize)
PROGRAMS := $(if $(filter build/float,$(BUILD)),apps,$(BUILD)/apps)

# No -ffast-math: results must not depend on what a compiler thinks is close enough.
CXXFLAGS += -std=c++20 -O3 -march=native -fopenmp -fno-math-errno -fno-trapping-math -Wall -Wextra -MMD -MP -I.
CXXFLAGS += $(patsubst -I%,-isystem %,$(shell pkg-config --cflags eigen3 2>/dev/null)) -DEIGEN_DONT_PARALLELIZE
CXXFLAGS += $(if $(filter double,$(REAL)),-DTAPESTRY_DOUBLE) $(if $(SANITIZE),-g -fsanitize=address$(,)undefined)
LDLIBS   += -lz -lcrypto
# False alarms of g++ 12: about strings everywhere, and about its own intrinsics under Eigen's vectors.
CXXFLAGS += $(if $(findstring g++,$(CXX)),-Wno-restrict)
$(BUILD)/autograd/kernels/%.o: CXXFLAGS += $(if $(findstring g++,$(CXX)),-Wno-maybe-uninitialized -Wno-uninitialized -Wno-ignored-attributes)
, := ,

LIBRARY := $(BUILD)/libtapestry.a
SOURCES := $(wildcard autograd/*.cpp autograd/kernels/*.cpp layers/*.cpp optim/*.cpp datasets/*.cpp apps/common/*.cpp)
MAINS   := $(wildcard apps/*.cpp)
TESTS   := $(wildcard tests/*.cpp)
object   = $(patsubst %.cpp,$(BUILD)/%.o,$(1))

all: $(LIBRARY) $(patsubst apps/%.cpp,$(PROGRAMS)/%,$(MAINS))

$(LIBRARY): $(call object,$(SOURCES))
	@rm -f $@ && ar rcs $@ $^

$(PROGRAMS)/%: $(BUILD)/apps/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/tests/tests: $(call object,$(TESTS)) $(LIBRARY)
	$(CXX) $(CXXFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -c $< -o $@

clean:
	rm -rf build $(patsubst apps/%.cpp,apps/%,$(MAINS))

.PHONY: all clean
.SECONDARY:
-include $(patsubst %.o,%.d,$(call object,$(SOURCES) $(MAINS) $(TESTS)))
