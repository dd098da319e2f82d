(module
  (type (;0;) (func (param i64) (result i64)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;0;) (type 0) (param i64) (result i64)
    (local i64 i64)
    i64.const 0
    i64.const 1
    local.set 2
    local.set 1
    loop ;; label = @1
      local.get 1
      local.get 2
      i64.add
      local.set 1
      local.get 0
      i64.const 1
      i64.sub
      local.tee 0
      i64.eqz
      i32.eqz
      if ;; label = @2
        local.get 2
        local.get 1
        local.set 2
        local.set 1
        br 1 (;@1;)
      end
    end
    local.get 1
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
