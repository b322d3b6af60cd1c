"""The fault lab: real servers, real faults, captured as an operator would and diagnosed."""
