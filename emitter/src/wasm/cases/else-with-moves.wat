(module
  (type (;0;) (func (param i32 i32 i32) (result i32)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;0;) (type 0) (param i32 i32 i32) (result i32)
    local.get 0
    if ;; label = @1
      local.get 1
      local.get 2
      i32.mul
      local.set 1
    end
    local.get 1
    local.get 2
    i32.add
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
