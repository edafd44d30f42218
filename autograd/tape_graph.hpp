// A tape as a graph with text in its nodes: what to_dot() and to_svg() draw. Internal.
#pragma once
#include "autograd/tape_call.hpp"

namespace tapestry {

struct TapeNode {
  // A reference stands in for another node whose arrow would come from far away.
  enum Kind { variable, parameter, constant, operation, rule, reference } kind = operation;
  std::string title{};                           // multiply; the name of a variable
  std::string number{};                          // of the call; empty for a constant
  std::string path{};                            // its layer
  std::vector<std::string> value{}, gradient{};  // lines of text; none if the tape does not keep them
};
struct TapeArrow {
  int from, to;  // nodes
  int argument;  // of `to`, which has so many:
  int arguments;
};
struct TapeGraph {  // every arrow leads from a node to a later one
  std::vector<TapeNode> nodes;
  std::vector<TapeArrow> arrows;
};
TapeGraph tape_graph(const std::vector<TapeCall>& calls);

// The layer of each node: below all that it is computed from; what is computed from nothing stands right above its
// first reader. An arrow that would lead over more than `longest` layers comes from a reference instead.
std::vector<int> assign_layers(TapeGraph& graph, int longest);

}  // namespace tapestry
