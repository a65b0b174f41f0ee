#!/usr/bin/env node
// Stands outside of dist, so that npm finds it when it links commands, before anything is built.
import "../dist/main.js";
