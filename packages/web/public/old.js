// Read only by browsers without modules: they have no WebAssembly with SIMD either.
document.getElementById("old").hidden = false;
